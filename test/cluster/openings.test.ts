import { describe, expect, test } from 'vitest'
import { kubeadm } from '../../distributions/kubeadm/index.ts'
import { type Machine, machinesOf, openingsOf } from '../../src/cluster/index.ts'
import { bySource, type ClusterSpec, portsText } from '../../src/index.ts'
import { facts, specOf } from '../playbooks/given.ts'

/** The openings of a host, a line a port: `tcp 6443: a, b (why)`. */
function openings(spec: ClusterSpec, name: string, machines: readonly Machine[] = machinesOf(spec, facts)) {
  const host = spec.hosts.find(candidate => candidate.name === name)!
  return bySource(openingsOf(spec, kubeadm.ports(spec), machines)(host).rules).map(({ rule, sources }) => {
    const through = rule.translated ? 'translated' : 'through'
    const what = rule.way === 'in' ? `${rule.protocol} ${portsText(rule.ports)}` : `${through} to ${rule.to}`
    return `${what}: ${sources.join(', ')} (${rule.why})`
  })
}

const nodePortsAnywhere = ['tcp 30000-32767: anywhere (NodePorts)', 'udp 30000-32767: anywhere (NodePorts)']
const pods = (...nodes: readonly string[]) => [
  'through to anywhere: 10.244.0.0/16 (from pods)',
  `through to 10.244.0.0/16: ${[...nodes, '10.8.0.7', '10.244.0.0/16'].join(', ')} (to pods)`,
  'translated to 10.244.0.0/16: anywhere (NodePorts)',
]

function stacked(spec: Record<string, unknown> = {}): ClusterSpec {
  const controlPlane = ['cp1', 'cp2', 'cp3'].map((name, index) => ({
    name,
    address: `192.0.2.1${index + 1}`,
    roles: ['control-plane'],
  }))
  return specOf({ hosts: [...controlPlane, { name: 'w1', address: '192.0.2.21', roles: ['worker'] }], ...spec })
}

describe('the ports of a host', () => {
  test('are those of its roles, each for the addresses that need it', () => {
    expect(openings(specOf(), 'cp1')).toEqual([
      'tcp 6443: 192.0.2.21, 10.8.0.7, 10.244.0.0/16 (API server)',
      'tcp 10250: 192.0.2.21, 10.8.0.7, 10.244.0.0/16 (kubelet)',
      'udp 8472: 192.0.2.21, 10.8.0.7 (flannel vxlan)',
      ...nodePortsAnywhere,
      ...pods('192.0.2.21'),
    ])
    expect(openings(specOf(), 'w1')).toEqual([
      'tcp 10250: 192.0.2.11, 10.8.0.7, 10.244.0.0/16 (kubelet)',
      'udp 8472: 192.0.2.11, 10.8.0.7 (flannel vxlan)',
      ...nodePortsAnywhere,
      ...pods('192.0.2.11'),
    ])
  })

  test.each<[object, readonly string[]]>([
    [{ cni: 'flannel', flannel: { backend: 'host-gw' } }, []],
    [{ cni: 'calico' }, ['udp 4789: 192.0.2.21, 10.8.0.7 (Calico vxlan)']],
    [{ cni: 'calico', calico: { encapsulation: 'ipip' } }, ['tcp 179: 192.0.2.21, 10.8.0.7 (Calico BGP)']],
    [
      { cni: 'cilium' },
      [
        'udp 8472: 192.0.2.21, 10.8.0.7 (Cilium vxlan)',
        'tcp 4240: 192.0.2.21, 10.8.0.7 (Cilium health)',
        'tcp 4244: 192.0.2.21, 10.8.0.7, 10.244.0.0/16 (Cilium Hubble)',
      ],
    ],
    [
      {
        cni: 'cilium',
        cilium: { values: { tunnelProtocol: 'geneve', encryption: { enabled: true, type: 'wireguard' } } },
      },
      [
        'udp 6081: 192.0.2.21, 10.8.0.7 (Cilium geneve)',
        'udp 51871: 192.0.2.21, 10.8.0.7 (Cilium wireguard)',
        'tcp 4240: 192.0.2.21, 10.8.0.7 (Cilium health)',
        'tcp 4244: 192.0.2.21, 10.8.0.7, 10.244.0.0/16 (Cilium Hubble)',
      ],
    ],
    [{ cni: 'none' }, []],
  ])('are those of the pod network: %j', (network, ports) => {
    const all = openings(specOf({ network }), 'cp1')
    const others = /API server|kubelet|NodePorts|pods/
    expect(all.filter(line => !others.test(line))).toEqual(ports)
  })

  test('are those of etcd for the other members only', () => {
    expect(openings(stacked(), 'cp2')).toContain('tcp 2380: 192.0.2.11, 192.0.2.13 (etcd members)')
    expect(openings(stacked(), 'w1').join()).not.toContain('etcd')
  })

  test('are those of etcd on hosts of its own, for the API servers, too', () => {
    const etcd = ['e1', 'e2', 'e3'].map((name, index) => ({
      name,
      address: `192.0.2.3${index + 1}`,
      roles: ['etcd'],
    }))
    const spec = specOf({
      etcd: { topology: 'external' },
      hosts: [
        { name: 'cp1', address: '192.0.2.11', roles: ['control-plane'] },
        { name: 'w1', address: '192.0.2.21', roles: ['worker'] },
        ...etcd,
      ],
    })
    const machines: Machine[] = []
    expect(openings(spec, 'e2', machines)).toEqual([
      'tcp 2379: 192.0.2.31, 192.0.2.33, 192.0.2.11 (etcd clients)',
      'tcp 2380: 192.0.2.31, 192.0.2.33 (etcd members)',
    ])
    expect(openings(spec, 'cp1', machines).join()).not.toMatch(/etcd|192\.0\.2\.3/)
  })

  test('follow what cluster.yaml sets elsewhere', () => {
    const spec = specOf({
      controlPlane: { bindPort: 8443 },
      network: { podCIDR: '10.245.0.0/16', flannel: { backend: 'host-gw' } },
      kubernetes: {
        kubeletConfiguration: { port: 10350 },
        clusterConfiguration: { apiServer: { extraArgs: [{ name: 'service-node-port-range', value: '20000-20100' }] } },
      },
    })
    expect(openings(spec, 'cp1')).toEqual([
      'tcp 8443: 192.0.2.21, 10.8.0.7, 10.245.0.0/16 (API server)',
      'tcp 10350: 192.0.2.21, 10.8.0.7, 10.245.0.0/16 (kubelet)',
      'tcp 20000-20100: anywhere (NodePorts)',
      'udp 20000-20100: anywhere (NodePorts)',
      'through to anywhere: 10.245.0.0/16 (from pods)',
      'through to 10.245.0.0/16: 192.0.2.21, 10.8.0.7, 10.245.0.0/16 (to pods)',
      'translated to 10.245.0.0/16: anywhere (NodePorts)',
    ])
  })

  test('are also opened for the addresses that cluster.yaml names', () => {
    const spec = specOf({
      firewall: {
        // The first range contains a host of the cluster, so one rule is enough.
        apiFrom: ['192.0.2.0/24', '198.51.100.7'],
        nodePortsFrom: ['203.0.113.0/24'],
        extraPorts: [
          { port: 9100, from: ['192.0.2.5'] },
          { port: 5000, endPort: 5010, protocol: 'udp', roles: ['worker'] },
        ],
      },
    })
    expect(openings(spec, 'cp1')).toEqual([
      'tcp 6443: 10.8.0.7, 10.244.0.0/16, 192.0.2.0/24, 198.51.100.7 (API server)',
      'tcp 10250: 192.0.2.21, 10.8.0.7, 10.244.0.0/16 (kubelet)',
      'udp 8472: 192.0.2.21, 10.8.0.7 (flannel vxlan)',
      'tcp 30000-32767: 192.0.2.21, 10.8.0.7, 10.244.0.0/16, 203.0.113.0/24 (NodePorts)',
      'udp 30000-32767: 192.0.2.21, 10.8.0.7, 10.244.0.0/16, 203.0.113.0/24 (NodePorts)',
      'through to anywhere: 10.244.0.0/16 (from pods)',
      'through to 10.244.0.0/16: 192.0.2.21, 10.8.0.7, 10.244.0.0/16 (to pods)',
      'translated to 10.244.0.0/16: 203.0.113.0/24 (NodePorts)',
      'tcp 9100: 192.0.2.5 (spec.firewall.extraPorts)',
    ])
    expect(openings(spec, 'w1')).toContain('udp 5000-5010: anywhere (spec.firewall.extraPorts)')
  })

  test('let everybody reach the API where a load balancer is in front of it', () => {
    const spec = specOf({ controlPlane: { endpoint: 'api.example:6443' } })
    expect(openings(spec, 'cp1')).toContain('tcp 6443: anywhere (API server)')
  })

  test('stay open for hosts that do not answer', () => {
    const spec = specOf()
    const host = spec.hosts[0]!
    const answered = (...names: readonly string[]) =>
      machinesOf(spec, facts).filter(machine => names.includes(machine.host.name))
    expect(openingsOf(spec, kubeadm.ports(spec), answered('cp1'))(host)).toEqual(
      openingsOf(spec, kubeadm.ports(spec), answered('cp1', 'w1', 'jetson-07'))(host),
    )
    // Its address is known by itself only.
    const unknown = specOf({
      hosts: [
        { name: 'cp1', address: '192.0.2.11', roles: ['control-plane'] },
        { name: 'w1', address: 'w1.example', roles: ['worker'] },
      ],
    })
    expect(openingsOf(unknown, kubeadm.ports(unknown), [])(unknown.hosts[0]!)).toMatchObject({ complete: false })
  })

  test('of a thousand hosts are computed once, and the rules are shared', () => {
    const hosts = Array.from({ length: 1000 }, (_, index) => ({
      name: `h${index}`,
      address: `10.0.${index >> 8}.${index & 255}`,
      roles: index < 3 ? ['control-plane'] : ['worker'],
    }))
    const spec = specOf({ hosts, network: { podCIDR: '10.128.0.0/12', serviceCIDR: '10.96.0.0/16' } })
    const of = openingsOf(spec, kubeadm.ports(spec), [])
    const rules = spec.hosts.map(host => of(host).rules)
    expect(rules[500]!.length).toBeGreaterThan(1999)
    expect(rules[500]!.filter(({ from }) => from === '10.0.1.244')).toEqual([])
    expect(new Set(rules.flat()).size).toBeLessThan(5 * hosts.length)
  })
})
