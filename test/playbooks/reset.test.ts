import { describe, expect, test } from 'vitest'
import { kubeadm } from '../../distributions/kubeadm/index.ts'
import { resetAll, resetHosts } from '../../playbooks/reset.ts'
import { madeOnHosts } from '../../playbooks/stages/made-on-hosts.ts'
import { type Graph, type HostFacts, inventoryOf } from '../../src/index.ts'
import { factsOf, specOf, waitsFor } from './given.ts'

const etcd = { e1: '192.0.2.31', e2: '192.0.2.32', e3: '192.0.2.33' } as const
const addresses = { cp1: '192.0.2.11', cp2: '192.0.2.12', w1: '192.0.2.21', w2: '192.0.2.22', ...etcd } as const
type Name = keyof typeof addresses

interface Given {
  readonly hosts?: readonly Name[]
  readonly silent?: readonly Name[]
  /** Hosts that are no nodes, and no members of etcd. */
  readonly fresh?: readonly Name[]
  readonly leaving?: readonly Name[]
  readonly spec?: Record<string, unknown>
}

function inventory({
  hosts = ['cp1', 'cp2', 'w1', 'w2'],
  silent = [],
  fresh = [],
  leaving = [],
  spec = {},
}: Given = {}) {
  const roleOf = (name: Name) => (name.startsWith('cp') ? 'control-plane' : name.startsWith('e') ? 'etcd' : 'worker')
  const entries = hosts.map(name => ({
    ...{ name, address: addresses[name], roles: [roleOf(name)] },
    ...(leaving.includes(name) ? { state: 'absent' } : {}),
  }))
  const known = new Map<string, HostFacts>(
    hosts
      .filter(name => !silent.includes(name))
      .map(name => {
        const isServer = name.startsWith('cp')
        const kubernetes = { kubeletConf: !name.startsWith('e'), adminConf: isServer, controlPlane: isServer }
        const etcd = { data: 'formed', own: true, ca: name === 'e1', client: false } as const
        const told = name.startsWith('e') ? { etcd } : { kubernetes }
        return [name, factsOf(name, addresses[name], fresh.includes(name) ? {} : told)]
      }),
  )
  return inventoryOf(specOf({ etcd: { allowEvenMembers: true }, ...spec, hosts: entries }), kubeadm, known)
}

const on = (graph: Graph, host: string) => [...graph.tasks.values()].filter(task => task.host === host)
const idsOn = (graph: Graph, host: string) => on(graph, host).map(({ id }) => id)

describe('the reset of a whole cluster', () => {
  const graph = resetAll(inventory())

  test('takes back everything that apply puts on a host, but packages and what the hosts of the cluster share', () => {
    const lines = on(graph, 'w1').map(({ role, resource }) => `${role}: ${resource.kind} ${resource.name}\n`)
    return expect(lines.join('')).toMatchFileSnapshot('../goldens/playbooks/reset-worker.txt')
  })

  test('begins with the node, goes on with what its programs need, and ends with the records', () => {
    const before = waitsFor(graph, 'w1/records of evcctl:')
    for (const id of idsOn(graph, 'w1').filter(id => !/records of evcctl|barrier/.test(id))) {
      expect([...before]).toContain(id)
      if (!id.endsWith('kubeadm reset:node')) expect([...waitsFor(graph, id)]).toContain('w1/kubeadm reset:node')
    }
    const folders = waitsFor(graph, 'w1/record:folders')
    expect([...folders]).toEqual(expect.arrayContaining(['w1/unit:containerd.service', 'w1/artifact:kubeadm']))
  })

  test('neither drains a node nor asks the cluster anything', () => {
    const kinds = new Set([...graph.tasks.values()].map(({ resource }) => resource.kind))
    for (const kind of ['drain', 'node gone', 'etcd member gone', 'etcd members', 'manifest'])
      expect(kinds).not.toContain(kind)
  })

  test('comes to control plane nodes when the workers are done, and last to the one that names the cluster', () => {
    expect([...waitsFor(graph, 'cp2/kubeadm reset:node')]).toEqual(
      expect.arrayContaining(['w1/records of evcctl:', 'w2/records of evcctl:']),
    )
    expect([...waitsFor(graph, 'cp1/kubeadm reset:node')]).toContain('cp2/records of evcctl:')
    expect([...waitsFor(graph, 'w2/kubeadm reset:node')]).toEqual(['cp1/cluster:identity'])
  })

  test('lets one host wait for another only through one task', () => {
    const between = graph.edges.filter(({ from, to }) => from.split('/')[0] !== to.split('/')[0])
    expect(between.length).toBeLessThan(5 * on(graph, 'w1').length)
    expect(
      between.filter(({ from }) => !/barrier:|cluster:/.test(from)).every(({ to }) => to.includes('/barrier:')),
    ).toBe(true)
  })

  test('goes on without hosts that do not answer, even if no control plane node does', () => {
    const without = resetAll(inventory({ silent: ['cp1', 'cp2', 'w2'] }))
    expect(new Set([...without.tasks.values()].map(({ host }) => host))).toEqual(new Set(['w1']))
    expect(idsOn(without, 'w1')).toEqual(expect.arrayContaining(['w1/cluster:identity', 'w1/kubeadm reset:node']))
  })

  test('finds the cluster again where most of it is gone already', () => {
    const rest = resetAll(inventory({ fresh: ['cp2', 'w1', 'w2'] }))
    expect(idsOn(rest, 'cp1')).toContain('cp1/cluster:identity')
    const nothing = resetAll(inventory({ fresh: ['cp1', 'cp2', 'w1', 'w2'] }))
    expect(idsOn(nothing, 'cp1')).not.toContain('cp1/cluster:identity')
  })

  test('cleans the hosts of an etcd of its own when no API server needs them: unit, data, settings', () => {
    const external = resetAll(inventory({ hosts: ['cp1', 'w1', 'e1'], spec: { etcd: { topology: 'external' } } }))
    const inOrder = [
      'cp1/records of evcctl:',
      'e1/unit:etcd.service',
      'e1/etcd data:gone',
      'e1/file:/etc/etcd/etcd.env',
      'e1/record:folders',
      'e1/records of evcctl:',
    ]
    for (const [index, id] of inOrder.slice(1).entries()) expect([...waitsFor(external, id)]).toContain(inOrder[index])
    expect(idsOn(external, 'e1')).toEqual(expect.arrayContaining(['e1/folder:/etc/etcd/pki', 'e1/folder:/etc/etcd/ca']))
  })
})

describe('the reset of one host', () => {
  test('removes the node from the cluster first, as state: absent does', () => {
    const graph = resetHosts(['w2'])(inventory({ leaving: ['w2'] }))
    const inOrder = [
      'cp1/drain:w2',
      'cp1/node gone:w2',
      'w2/kubeadm reset:node',
      'w2/network of pods:',
      'w2/unit:containerd.service',
      'w2/records of evcctl:',
    ]
    for (const [index, id] of inOrder.slice(1).entries()) expect([...waitsFor(graph, id)]).toContain(inOrder[index])
    expect(idsOn(graph, 'w1')).not.toContain('w1/records of evcctl:')
  })

  test('leaves other hosts that leave as state: absent leaves them', () => {
    const graph = resetHosts(['w2'])(inventory({ leaving: ['w1', 'w2'] }))
    expect(idsOn(graph, 'w1')).not.toContain('w1/records of evcctl:')
  })

  test('makes no cluster where there is none, and cleans the host', () => {
    const graph = resetHosts(['w2'])(inventory({ leaving: ['w2'], fresh: ['cp1', 'cp2', 'w1'] }))
    expect(new Set([...graph.tasks.values()].map(({ host }) => host))).toEqual(new Set(['w2']))
    expect(idsOn(graph, 'w2')).toContain('w2/kubeadm reset:node')
  })

  test('waits until the member of etcd on it has left', () => {
    const hosts = ['cp1', 'w1', 'e1', 'e2', 'e3'] as const
    const etcdSpec = { topology: 'external', allowEvenMembers: true }
    const graph = resetHosts(['e3'])(inventory({ hosts, leaving: ['e3'], spec: { etcd: etcdSpec } }))
    const left = [...graph.tasks.keys()].filter(id => id.includes('etcd members:'))
    expect(left).not.toEqual([])
    expect([...waitsFor(graph, 'e3/unit:etcd.service')]).toEqual(expect.arrayContaining(left))
  })
})

test('every kind of resource on a host is taken back, or is known to be taken back with something else', () => {
  const specs = [
    {},
    { etcd: { topology: 'external' }, network: { cni: 'calico' }, runtime: { name: 'cri-o' } },
    { runtime: { name: 'docker' }, network: { cni: 'cilium' }, controlPlane: { localProxy: 'haproxy' } },
  ]
  const staying = specs.flatMap(spec => {
    const hosts = ['cp1', 'cp2', 'w1', ...('etcd' in spec ? (['e1'] as const) : [])] as const
    const graph = madeOnHosts(inventory({ hosts, spec }))
    return [...graph.tasks.values()].filter(({ resource }) => resource.removal === undefined)
  })
  const known = {
    'leaves nothing, or only something in the cluster': [
      ...[
        'absent',
        'barrier',
        'cluster DNS',
        'ephemeral values',
        'etcd',
        'etcd health',
        'helm release',
        'kubeadm addons',
        'kubeadm certificates',
      ],
      ...['kustomization', 'labels and taints', 'manifest', 'network check', 'node', 'pod network', 'rollout'],
      ...['settled network', 'uncordon', 'node runtime'],
    ],
    'goes with the node': [
      ...['kubeadm configuration', 'kubeadm init', 'kubeadm join', 'kubelet configuration', 'kubelet flags'],
    ],
    'goes with the data of the member, or with a folder of evcctl': [
      ...['certificate', 'certificate authority', 'etcd member', 'etcd restore', 'folder', 'key and request'],
    ],
    stays: ['packages'],
  }
  expect([...new Set(staying.map(({ resource }) => resource.kind))].sort()).toEqual(Object.values(known).flat().sort())
})
