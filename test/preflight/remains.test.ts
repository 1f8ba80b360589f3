import { describe, expect, test } from 'vitest'
import { kubeadm } from '../../distributions/kubeadm/index.ts'
import type { ClusterSpec, HostFacts, RemainsFacts } from '../../src/index.ts'
import { checkHosts, otherPodNetworks, takenOver } from '../../src/preflight/index.ts'
import { factsOf, noRemains, specOf } from './given-hosts.ts'

const left = (remains: Partial<RemainsFacts>): Partial<HostFacts> => ({ remains: { ...noRemains, ...remains } })
const node = { kubernetes: { kubeletConf: true, adminConf: true, controlPlane: true } }

function factsWith(cp1: Partial<HostFacts>, w1: Partial<HostFacts> = {}) {
  return new Map([
    ['cp1', factsOf('cp1', 11, cp1)],
    ['w1', factsOf('w1', 21, w1)],
  ])
}

/** Check, host and details of each finding. */
function found(cp1: Partial<HostFacts>, spec: ClusterSpec = specOf(), w1: Partial<HostFacts> = {}) {
  return checkHosts({ spec, distribution: kubeadm, facts: factsWith(cp1, w1) }).map(({ check, host, error }) => ({
    check,
    host,
    ...error.details,
  }))
}

const notes = (cp1: Partial<HostFacts>, spec: ClusterSpec = specOf()) =>
  takenOver({ spec, distribution: kubeadm, facts: factsWith(cp1) }).map(({ host, text }) => `${host}: ${text}`)

const podman = '/etc/cni/net.d/05-podman.conflist'
const pki = (...names: string[]) => names.map(name => `/etc/kubernetes/pki/${name}`)

describe('remains on a host that is no node yet', () => {
  const cases: readonly [string, Partial<RemainsFacts>, string, RegExp, RegExp][] = [
    ['a network of podman', { cniFiles: [podman] }, 'cniFiles', /05-podman/, /mv -- '\/etc\/cni\/net\.d\/05-podman/],
    [
      'certificates of another cluster',
      { kubernetesFiles: pki('ca.crt', 'ca.key', 'apiserver.crt') },
      'kubernetesFiles',
      /ca\.crt\n.*ca\.key\n.*apiserver\.crt/,
      /kubeadm reset/,
    ],
    ['a CA alone', { kubernetesFiles: pki('ca.crt', 'ca.key') }, 'kubernetesFiles', /ca\.key/, /To use this CA/],
    [
      'an API server of another cluster',
      { kubernetesFiles: ['/etc/kubernetes/manifests/kube-apiserver.yaml'] },
      'kubernetesFiles',
      /kube-apiserver/,
      /kubeadm reset/,
    ],
    [
      'flags in /etc/default/kubelet',
      { kubeletSettings: [{ path: '/etc/default/kubelet', settings: ['--container-runtime=remote'] }] },
      'kubeletFlags',
      /^--container-runtime=remote$/,
      /delete those lines/,
    ],
    [
      "another drop-in of the kubelet's unit",
      {
        kubeletSettings: [
          { path: '/etc/systemd/system/kubelet.service.d/20-proxy.conf', settings: ['Environment', '--v=9'] },
        ],
      },
      'kubeletFlags',
      /Environment --v=9/,
      /Move the file away/,
    ],
    ['K3s', { distributions: ['/usr/local/bin/k3s'] }, 'otherSoftware', /bin\/k3s/, /k3s-uninstall/],
    ['MicroK8s', { distributions: ['/snap/bin/microk8s'] }, 'otherSoftware', /microk8s/, /snap remove/],
    [
      'the interfaces of Cilium',
      { interfaces: ['cilium_host', 'cilium_net'] },
      'interfaces',
      /cilium_host, cilium_net/,
      /ip link delete 'cilium_host'/,
    ],
  ]
  test.each(cases)('%s: told before anything is written', (_, remains, check, actual, next) => {
    const all = found(left(remains))
    expect(all).toHaveLength(1)
    expect(all[0]).toMatchObject({
      check,
      host: 'cp1',
      expected: expect.stringMatching(/./),
      actual: expect.stringMatching(actual),
      next: expect.stringMatching(next),
    })
    expect(found(left(remains), specOf({ preflight: { ignore: [check] } }))).toEqual([])
  })

  test('names of files go into commands quoted', () => {
    const [one] = found(left({ cniFiles: ["/etc/cni/net.d/a';reboot;'.conf"] }))
    expect(one?.next).toContain(`'/etc/cni/net.d/a'\\'';reboot;'\\''.conf'`)
  })

  test('data of etcd are told where kubeadm will make a member', () => {
    const data = { etcd: { data: 'formed', own: false, ca: false, client: false } } as const
    expect(found({ ...left({}), ...data })[0]).toMatchObject({
      check: 'kubernetesFiles',
      actual: '/var/lib/etcd/member',
    })
  })

  test.each<[string, Partial<RemainsFacts>, Record<string, unknown>]>([
    ['what the same network left', { cniFiles: ['/etc/cni/net.d/10-flannel.conflist'], interfaces: ['cni0'] }, {}],
    ['whatever network, where evcctl makes none', { cniFiles: [podman] }, { network: { cni: 'none' } }],
    ['a static pod of the administrator', { kubernetesFiles: ['/etc/kubernetes/manifests/kube-vip.yaml'] }, {}],
    [
      "the drop-in of kubeadm's package",
      { kubeletSettings: [{ path: '/usr/lib/x/10-kubeadm.conf', settings: ['Environment'] }] },
      {},
    ],
    ['an empty /etc/default/kubelet', { kubeletSettings: [{ path: '/etc/default/kubelet', settings: [] }] }, {}],
    ['the tunnel that the kernel makes by itself', { interfaces: ['tunl0'] }, {}],
    ['packages', { packages: ['kubelet', 'containerd.io'] }, {}],
  ])('%s is no obstacle', (_, remains, spec) => {
    expect(found(left(remains), specOf(spec))).toEqual([])
  })

  test('what is left of a join is removed by evcctl itself', () => {
    const joined = left({ kubernetesFiles: [...pki('ca.crt'), '/etc/kubernetes/bootstrap-kubelet.conf'] })
    expect(found({}, specOf(), joined)).toEqual([])
    expect(found({}, specOf(), left({ kubernetesFiles: pki('ca.key') }))[0]).toMatchObject({ host: 'w1' })
  })

  test("Docker's own packages are told where the distribution's are to be installed", () => {
    const packages = left({ packages: ['docker-ce', 'containerd.io'] })
    expect(found(packages, specOf({ runtime: { name: 'docker' } }))[0]?.check).toBe('otherSoftware')
    expect(found(packages)).toEqual([])
  })

  test('a node is left alone, and so is a host that evcctl was making one, except for things that evcctl never puts there', () => {
    const remains = left({
      cniFiles: [podman],
      kubernetesFiles: pki('ca.crt', 'ca.key'),
      interfaces: ['cilium_host'],
      distributions: ['/usr/local/bin/k3s'],
      kubeletSettings: [{ path: '/etc/default/kubelet', settings: ['--v=2'] }],
    })
    expect(found({ ...remains, ...node })).toEqual([])
    const begun = { remains: { ...remains.remains!, begun: true } }
    // While evcctl makes a host a control plane node, its facts do not say that it is one.
    const files = { kubernetes: { ...node.kubernetes, controlPlane: false } }
    for (const half of [begun, { ...begun, ...files }])
      expect(found(half).map(({ check }) => check)).toEqual(['cniFiles', 'kubeletFlags', 'otherSoftware'])
  })

  test('a name server of its own stays an obstacle where a join was cut off', () => {
    const begun = left({ begun: true })
    expect(found({ ...begun, nameservers: ['127.0.0.1', '192.0.2.1'] })[0]?.check).toBe('nameservers')
  })
})

describe('what is taken over', () => {
  test('is noted once, and only on hosts that are no nodes yet', () => {
    const remains = left({
      packages: ['kubelet'],
      cniFiles: ['/etc/cni/net.d/10-flannel.conflist'],
      interfaces: ['cni0', 'tunl0'],
      kubernetesFiles: ['/etc/kubernetes/manifests/kube-vip.yaml'],
    })
    expect(notes(remains)).toEqual([
      expect.stringMatching(/^cp1: The host has these packages already: kubelet\./),
      'cp1: An earlier flannel left cni0, and the flannel of this cluster takes this over.',
      'cp1: The kubelet will run these manifests, which are there already: /etc/kubernetes/manifests/kube-vip.yaml',
    ])
    expect(notes({ ...remains, ...node })).toEqual([])
  })

  test('includes the file of an earlier Calico, with which no pod can start', () => {
    const remains = left({ cniFiles: ['/etc/cni/net.d/10-calico.conflist'] })
    expect(notes(remains, specOf({ network: { cni: 'calico' } }))).toEqual([
      'cp1: An earlier calico left /etc/cni/net.d/10-calico.conflist, and the calico of this cluster takes this over.',
    ])
  })

  test("the distribution's own containerd belongs to its Docker", () => {
    expect(notes(left({ packages: ['containerd'] }), specOf({ runtime: { name: 'docker' } }))).toEqual([])
  })

  test('a name server of an interface, beside others', () => {
    expect(notes({ ...left({}), nameservers: ['192.0.2.1', 'fe80::1%eth0'] })[0]).toMatch(/fe80::1%eth0.*resolvConf/)
  })
})

describe('another pod network on a node', () => {
  const flannel = '/etc/cni/net.d/10-flannel.conflist'
  const said = (cniFiles: string[], spec: ClusterSpec = specOf()) =>
    otherPodNetworks({ spec, facts: factsWith({ ...left({ cniFiles }), ...node }) }).map(
      ({ host, text }) => `${host}: ${text}`,
    )

  test('is noted where its file comes before that of the cluster', () => {
    expect(said([flannel, podman])).toEqual([expect.stringContaining(`cp1: New pods get addresses from ${podman}`)])
    expect(said([flannel, podman])[0]).toContain(`mv -- '${podman}' /root/cni-before/`)
    expect(said([podman])).toHaveLength(1)
    expect(said([flannel, '/etc/cni/net.d/87-podman.conflist'])).toEqual([])
    expect(said([flannel])).toEqual([])
  })

  test('is not noted where cluster.yaml accepts it, nor on hosts that are no nodes', () => {
    expect(said([flannel, podman], specOf({ preflight: { ignore: ['cniFiles'] } }))).toEqual([])
    expect(said([podman], specOf({ network: { cni: 'none' } }))).toEqual([])
    expect(otherPodNetworks({ spec: specOf(), facts: factsWith(left({ cniFiles: [podman] })) })).toEqual([])
  })
})

describe('drop-ins of containerd', () => {
  const path = '/etc/containerd/conf.d/99-nvidia.toml'
  const check = (content: string, spec?: ClusterSpec, more: Partial<HostFacts> = {}) =>
    found({ ...left({ containerdFiles: [{ path, content }] }), ...more }, spec)

  test.each([
    ['version = 4\n', /^version = 4$/],
    ['version = "3"\n', /^version = "3"$/],
    ['version = 3\n[plugins\npassword = "s3cret"', /^Invalid TOML/],
  ])('%j is told, with what it should be', (content, actual) => {
    const [one] = check(content)
    expect(one).toMatchObject({
      check: 'runtimeFiles',
      problem: `containerd does not start with ${path}.`,
      expected: expect.stringContaining('version = 3'),
      actual: expect.stringMatching(actual),
    })
    expect(JSON.stringify(one)).not.toContain('s3cret')
    expect(check(content, undefined, node)).toHaveLength(1)
  })

  test.each(['version = 3\n', 'version = 2\n', '', '[plugins]\n'])('%j is taken', content => {
    expect(check(content)).toEqual([])
  })

  test('count for containerd only, and against the version that the main file has', () => {
    expect(check('version = 4\n', specOf({ runtime: { name: 'cri-o' } }))).toEqual([])
    expect(check('version = 4\n', specOf({ runtime: { configPatches: [{ version: 4 }] } }))).toEqual([])
  })
})

describe('ranges of the cluster and networks of the host', () => {
  const own = { range: '192.0.2.11/24', device: 'eth0' }

  test.each<[string, Partial<HostFacts>, RegExp]>([
    [
      'an address in the range of pods',
      { networks: [own, { range: '10.244.0.7/24', device: 'eth1' }] },
      /10\.244\.0\.7\/24 on eth1/,
    ],
    [
      'a network that the range is a part of',
      { networks: [{ range: '10.0.0.0/8', device: 'eth0' }] },
      /10\.0\.0\.0\/8 on eth0/,
    ],
    [
      'a route',
      { networks: [own, { range: '10.244.128.0/17', device: 'eth0', gateway: '192.0.2.1' }] },
      /route to 10\.244\.128\.0\/17 by 192\.0\.2\.1 on eth0/,
    ],
    ['a name server', { networks: [own], nameservers: ['10.244.0.53'] }, /name server 10\.244\.0\.53/],
    [
      'an address, where there is no ip command',
      { networks: [], addresses: ['192.0.2.11', '10.244.9.9'] },
      /address 10\.244\.9\.9/,
    ],
  ])('may not overlap, which is told with %s', (_, facts, actual) => {
    const all = found(facts)
    expect(all.every(({ check }) => check === 'ranges')).toBe(true)
    expect(all[0]).toMatchObject({
      problem: expect.stringContaining('spec.network.podCIDR'),
      actual: expect.stringMatching(actual),
    })
  })

  test('the range of services counts as well', () => {
    const docker = { networks: [own, { range: '172.17.0.1/16', device: 'docker0' }] }
    expect(found(docker, specOf({ network: { serviceCIDR: '172.16.0.0/12' } }))[0]).toMatchObject({
      problem: expect.stringContaining('spec.network.serviceCIDR'),
      actual: '172.17.0.1/16 on docker0',
    })
    expect(found(docker)).toEqual([])
  })

  test("the cluster's own networks are no finding", () => {
    const networks = [own, { range: '10.244.0.1/24', device: 'cni0' }, { range: '10.244.1.0/24', device: 'flannel.1' }]
    expect(found({ networks })).toEqual([])
    const hostGw = [own, { range: '10.244.1.0/24', device: 'eth0', gateway: '192.0.2.21' }]
    expect(found({ networks: hostGw, ...node })).toEqual([])
  })
})

describe('name servers', () => {
  const named = specOf({ kubernetes: { kubeletConfiguration: { resolvConf: '/etc/kubelet-resolv.conf' } } })

  test('one of the host itself beside another is a finding, with advice', () => {
    const [one] = found({ nameservers: ['127.0.0.1', '192.0.2.1'] })
    expect(one).toMatchObject({ check: 'nameservers', problem: expect.stringContaining('127.0.0.1') })
    expect(one?.next).toContain('kubeletConfiguration.resolvConf')
    expect(found({ nameservers: ['127.0.0.1', '192.0.2.1'], ...node })).toEqual([])
  })

  test('one that is valid only on an interface counts as none', () => {
    expect(found({ nameservers: ['fe80::1%eth0'] })[0]).toMatchObject({ check: 'nameservers', actual: 'fe80::1%eth0' })
  })

  test('are those of the file in the settings of the kubelet', () => {
    const good = { nameservers: ['127.0.0.1'], kubeletNameservers: ['192.0.2.1'] }
    expect(found(good, named, good)).toEqual([])
    const bad = { nameservers: ['192.0.2.1'], kubeletNameservers: [] }
    expect(found(bad, named, good)[0]?.expected).toContain('/etc/kubelet-resolv.conf')
  })
})

describe('the clock', () => {
  const alone = () => {
    const spec = specOf()
    return { ...spec, hosts: spec.hosts.slice(0, 1) }
  }
  const year1970 = -56 * 365 * 86_400_000

  test('of a single host is compared with that of this machine', () => {
    const [one] = found({ clockOffsetMs: year1970 }, alone())
    expect(one).toMatchObject({ check: 'clock', expected: 'at most 30 s from this machine' })
    expect(one?.actual).toMatch(/days behind/)
    expect(found({ clockOffsetMs: 20_000 }, alone())).toEqual([])
  })

  test('of hosts that have all lost the time, too', () => {
    const all = found({ clockOffsetMs: year1970 }, specOf(), { clockOffsetMs: year1970 })
    expect(all.map(({ host }) => host)).toEqual(['cp1', 'w1'])
  })
})
