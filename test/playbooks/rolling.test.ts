import { describe, expect, test } from 'vitest'
import { kubeadm } from '../../distributions/kubeadm/index.ts'
import { changesOfRunningHosts, changingBatches, hostBatches, runningBatches } from '../../playbooks/rolling.ts'
import { type ClusterSpec, type Graph, type HostFacts, type Plan, Secret, type TaskId } from '../../src/index.ts'
import { retold } from '../facts/printed.ts'
import { clusterGraph, factsOf, ofRole, specOf, waitsFor } from './given.ts'

const controlPlane = ['cp1', 'cp2', 'cp3']
const workers = Array.from({ length: 9 }, (_, index) => `w${index + 1}`)
const names = [...controlPlane, ...workers]
const hosts = names.map((name, index) => ({
  name,
  address: `192.0.2.${index + 1}`,
  roles: [name.startsWith('cp') ? 'control-plane' : 'worker'],
}))
const spec = specOf({ hosts })

const sshPort = { port: 22, address: '0.0.0.0', process: 'sshd' }
const etcdPort = { port: 2379, address: '127.0.0.1', process: 'etcd' }
const ready = (name: string) => `${name}/node:${name}`

/** The tasks of a role or a kind that a task waits for, itself not. */
function waitedFor(
  graph: Graph,
  id: string,
  wanted: { readonly role: string } | { readonly kind: string },
): readonly string[] {
  expect([...graph.tasks.keys()]).toContain(id)
  const before = waitsFor(graph, id)
  if ('role' in wanted) return ofRole(graph, wanted.role, before).sort()
  return [...before].filter(other => other.includes(`/${wanted.kind}:`)).sort()
}

/** A graph of which these tasks change. */
function changing(graph: Graph, ids: readonly string[]): { readonly graph: Graph; readonly plan: Plan } {
  expect([...graph.tasks.keys()]).toEqual(expect.arrayContaining([...ids]))
  const change = { action: 'update', fields: [] } as const
  return { graph, plan: { verdicts: new Map(ids.map(id => [id as TaskId, { is: 'change', change }])) } }
}

/** Facts of hosts of which these are nodes already. */
function standing(running: readonly string[], answered: readonly string[] = names): ReadonlyMap<string, HostFacts> {
  return new Map(
    hosts
      .filter(({ name }) => answered.includes(name))
      .map(({ name, address }) => {
        const isNode = running.includes(name)
        const isControlPlane = isNode && name.startsWith('cp')
        const kubernetes = { kubeletConf: isNode, adminConf: isControlPlane, controlPlane: isControlPlane }
        const listening = isControlPlane ? [sshPort, etcdPort] : [sshPort]
        return [name, factsOf(name, address, { kubernetes, listening })]
      }),
  )
}

/** Hosts that are control plane nodes, members of etcd and workers, all of them standing but `fresh`. */
function external(roles: Readonly<Record<string, readonly string[]>>, fresh: readonly string[] = []) {
  const etcdSpec = specOf({
    hosts: Object.entries(roles).map(([name, its], index) => ({ name, address: `192.0.2.${index + 1}`, roles: its })),
    etcd: { topology: 'external' },
  })
  const known = etcdSpec.hosts.map(({ name, address, roles: its }): readonly [string, HostFacts] => {
    const stands = !fresh.includes(name)
    const isMember = stands && its.includes('etcd')
    const controlPlane = stands && its.includes('control-plane')
    const kubernetes = { kubeletConf: stands, adminConf: controlPlane, controlPlane }
    const etcd = {
      data: isMember ? ('formed' as const) : ('none' as const),
      own: isMember,
      ca: name === 'e2',
      client: controlPlane,
    }
    return [name, factsOf(name, address, { kubernetes, etcd, listening: isMember ? [sshPort, etcdPort] : [sshPort] })]
  })
  return { spec: etcdSpec, facts: new Map(known) }
}

describe('running nodes', () => {
  test('get what can stop their kubelets in batches: one, the other control plane nodes one by one, a worker, a quarter of the workers', () => {
    expect(runningBatches(spec, standing(names))).toEqual([
      ['cp1'],
      ['cp2'],
      ['cp3'],
      ['w1'],
      ['w2', 'w3'],
      ['w4', 'w5'],
      ['w6', 'w7'],
      ['w8', 'w9'],
    ])
  })

  test.each([
    [1, [['w1'], ['w2'], ['w3'], ['w4'], ['w5'], ['w6'], ['w7'], ['w8'], ['w9']]],
    [5, [['w1'], ['w2', 'w3', 'w4', 'w5', 'w6'], ['w7', 'w8', 'w9']]],
    ['50%', [['w1'], ['w2', 'w3', 'w4', 'w5'], ['w6', 'w7', 'w8', 'w9']]],
    ['100%', [['w1'], ['w2', 'w3', 'w4', 'w5', 'w6', 'w7', 'w8', 'w9']]],
    ['1%', [['w1'], ['w2'], ['w3'], ['w4'], ['w5'], ['w6'], ['w7'], ['w8'], ['w9']]],
  ])(
    'that are workers change as many at a time as spec.rollout says, control plane nodes one by one: %s',
    (maxUnavailable, batches) => {
      const given = specOf({ hosts, rollout: { maxUnavailable } })
      expect(runningBatches(given, standing(names))).toEqual([['cp1'], ['cp2'], ['cp3'], ...batches])
    },
  )

  test('that are workers change group after group, each with its own rule and one node first, those of no group last', () => {
    const labelled = hosts.map(host => ({
      ...host,
      labels: {
        ...(/w[1-4]/.test(host.name) ? { site: 'south' } : {}),
        ...(/w[6-9]/.test(host.name) ? { site: 'north' } : {}),
        ...(/w[89]/.test(host.name) ? { board: 'jetson' } : {}),
      },
    }))
    const groups = [
      { labels: { site: 'north', board: 'jetson' } },
      { labels: { site: 'north' }, maxUnavailable: 1 },
      { labels: { site: 'south' }, maxUnavailable: '50%' },
    ]
    const given = specOf({ hosts: labelled, rollout: { maxUnavailable: '100%', groups } })
    expect(runningBatches(given, standing(names)).slice(3)).toEqual([
      ...[['w8'], ['w9']],
      ...[['w6'], ['w7']],
      ...[['w1'], ['w2', 'w3'], ['w4']],
      ...[['w5']],
    ])
  })

  test('are the ones that answered and were made whole, and the first of them goes alone', () => {
    const running = names.filter(name => name !== 'w2')
    const facts = new Map(standing(running, ['cp2', 'w1', 'w2', 'w3']))
    const half = facts.get('w3')!
    facts.set('w3', retold(half, { remains: { ...half.remains, begun: true } }))
    expect(runningBatches(spec, facts)).toEqual([['cp2'], ['w1']])
    expect(runningBatches(spec, standing([]))).toEqual([])
  })

  test.each([
    'file:/etc/containerd/config.toml',
    'unit:containerd.service',
    'file:/etc/evcctl/nginx-proxy.conf',
    'unit:evcctl-nginx-proxy.service',
    'sysctls:/etc/sysctl.d/99-zz-evcctl.conf',
    'packages:apt',
    'file:/etc/systemd/system/kubelet.service',
    'artifact:kubelet',
    'kubelet configuration:/var/lib/kubelet/config.yaml',
    'kubelet flags:/var/lib/kubelet/kubeadm-flags.env',
    'unit:kubelet.service',
  ])('get it when the batch before them is Ready: %s', thing => {
    const graph = clusterGraph(spec, standing(names))
    expect(waitsFor(graph, `cp2/${thing}`)).toContain(ready('cp1'))
    const before = waitsFor(graph, `w4/${thing}`)
    for (const name of [...controlPlane, 'w1', 'w2', 'w3']) expect(before).toContain(ready(name))
    expect(before).not.toContain(ready('w5'))
    const first = waitedFor(graph, `cp1/${thing}`, { role: 'kubelet' })
    expect(first.filter(id => !id.startsWith('cp1/'))).toEqual([])
  })

  test('stop the others for a node that was lost only when something was written to it before', () => {
    const { edges } = clusterGraph(spec, standing(names))
    const into = edges.filter(({ to }) => to === 'cp1/barrier:batch 5 of the running nodes is well')
    expect(into.map(({ from, spare }) => [from, spare])).toEqual([
      ['cp1/barrier:batch 4 of the running nodes is well', undefined],
      [ready('w2'), true],
      [ready('w3'), true],
    ])
  })

  test('stop the others for a lost member of the stacked etcd in any case', () => {
    const gate = 'cp1/barrier:batch 1 of the running nodes is well'
    const spares = (of: typeof spec, facts: ReadonlyMap<string, HostFacts>) =>
      clusterGraph(of, facts)
        .edges.filter(({ from, to }) => to === gate && from === ready('cp1'))
        .map(({ spare }) => spare)
    expect(spares(spec, standing(names))).toEqual([undefined])
    const apart = external({ cp1: ['control-plane'], cp2: ['control-plane'], e2: ['etcd'] })
    expect(spares(apart.spec, apart.facts)).toEqual([true])
  })

  test('do not hold back nodes that this run makes, nor anything of a new cluster', () => {
    const graph = clusterGraph(spec, standing(names.filter(name => name !== 'w9')))
    const kubelets = waitedFor(graph, 'w9/node:w9', { role: 'kubelet' })
    expect(kubelets).not.toEqual([])
    expect(kubelets.filter(id => !id.startsWith('w9/'))).toEqual([])
    expect(ofRole(clusterGraph(spec, standing([])), 'rolling')).toEqual([])
  })

  test('have an order whichever of them are there, and with an etcd of their own', () => {
    const withEtcd = specOf({
      hosts: hosts.map(host => (host.name.startsWith('cp') ? { ...host, roles: [...host.roles, 'etcd'] } : host)),
      etcd: { topology: 'external' },
    })
    for (const running of [names, ['cp2', 'w1'], ['cp2', 'cp3'], ['w1', 'w2'], ['cp1']]) {
      expect(clusterGraph(spec, standing(running)).tasks.size).toBeGreaterThan(0)
      expect(clusterGraph(withEtcd, standing(running)).tasks.size).toBeGreaterThan(0)
    }
  })

  test('cost edges in proportion to their number', () => {
    const many = Array.from({ length: 200 }, (_, index) => ({
      name: `n${index}`,
      address: `10.0.${Math.floor(index / 200)}.${(index % 200) + 1}`,
      roles: [index === 0 ? 'control-plane' : 'worker'],
    }))
    const facts = new Map(
      many.map(({ name, address }, index) => {
        const kubernetes = { kubeletConf: true, adminConf: index === 0, controlPlane: index === 0 }
        return [name, factsOf(name, address, { kubernetes })]
      }),
    )
    const { edges, tasks } = clusterGraph(specOf({ hosts: many }), facts)
    expect(edges.length / tasks.size).toBeLessThan(5)
  })

  test('are told in their order by the plan, when several of them change', () => {
    const graph = clusterGraph(spec, standing(names))
    const batches = runningBatches(spec, standing(names))
    const config = (name: string) => `${name}/kubelet configuration:/var/lib/kubelet/config.yaml`
    const labels = 'cp1/labels and taints:w3'
    const firewallAndName = ['w3/firewall:openings', 'cp1/hostname:cp1']
    expect(changingBatches(kubeadm, batches, changing(graph, [labels]))).toEqual([])
    expect(changingBatches(kubeadm, batches, changing(graph, [config('w3'), labels]))).toEqual([['w3']])
    expect(changingBatches(kubeadm, batches, changing(graph, firewallAndName))).toEqual([['cp1'], ['w3']])
    expect(changingBatches(kubeadm, batches, changing(graph, names.map(config)))).toEqual(batches)
    const { spec: given, facts } = external({ cp1: ['control-plane'], e1: ['etcd'], e2: ['etcd'], e3: ['etcd'] })
    const packages = ['e1', 'e2', 'e3'].map(name => `${name}/packages:apt`)
    const judged = changing(clusterGraph(given, facts), packages)
    expect(changingBatches(kubeadm, hostBatches(given, facts), judged)).toEqual([['e2'], ['e1'], ['e3']])
  })

  test('are taken out of the cluster by changes of their static pods, too, which nodes that this run makes have none of', () => {
    const facts = standing(['cp1', 'cp2'])
    const graph = clusterGraph(spec, facts)
    const pods = [...graph.tasks.values()].filter(({ resource }) => resource.kind === 'kubeadm configuration')
    expect(pods.map(({ host }) => host)).toEqual(['cp1', 'cp2', 'cp3'])
    const judged = changing(
      graph,
      pods.map(({ id }) => id),
    )
    expect(changesOfRunningHosts(kubeadm, hostBatches(spec, facts), judged)).toEqual(pods.slice(0, 2))
    expect(changingBatches(kubeadm, hostBatches(spec, facts), judged)).toEqual([['cp1'], ['cp2']])
  })
})

describe('static pods of control plane nodes that run', () => {
  const pods = (name: string) => `${name}/kubeadm configuration:node`
  const gate = (batch: number) => `cp1/barrier:batch ${batch} of the running nodes is well`
  const kubelet = (name: string) => `${name}/unit:kubelet.service`
  const holders = (graph: Graph, id: string) =>
    graph.edges.filter(({ to, hold }) => to === id && hold === true).map(({ from }) => from)
  const memberDown = (...down: readonly string[]) =>
    new Map(
      [...standing(names)].map(([name, known]): [string, HostFacts] => [
        name,
        down.includes(name) ? retold(known, { listening: [sshPort] }) : known,
      ]),
    )

  test('change when the node before is well, and the first one waits for no other node', () => {
    const graph = clusterGraph(spec, standing(names))
    expect(holders(graph, pods('cp1'))).toEqual([])
    expect([...waitsFor(graph, pods('cp1'))].filter(id => !id.startsWith('cp1/'))).toEqual([])
    expect(holders(graph, pods('cp2'))).toEqual([gate(1)])
    expect(holders(graph, pods('cp3'))).toEqual([gate(2)])
    expect(waitsFor(graph, pods('cp3'))).toContain(ready('cp2'))
  })

  test('prove with the kubelet that a node is well: nothing of the next batch is written when they fail', () => {
    const graph = clusterGraph(spec, standing(names))
    for (const [batch, name] of controlPlane.entries()) {
      const proofs = graph.edges.filter(({ from, to }) => to === gate(batch + 1) && from.startsWith(`${name}/`))
      expect(proofs.map(({ from, hold }) => [from, hold])).toEqual([
        [ready(name), undefined],
        [pods(name), undefined],
      ])
    }
    expect(waitsFor(graph, kubelet('cp3'))).toContain(pods('cp2'))
    expect(waitsFor(graph, kubelet('w1'))).toContain(pods('cp3'))
  })

  test('change node after node with an etcd of their own hosts, too', () => {
    const { spec: given, facts } = external({ cp1: ['control-plane'], cp2: ['control-plane'], e2: ['etcd'] })
    const graph = clusterGraph(given, facts)
    expect(holders(graph, pods('cp2'))).toEqual([gate(1)])
    expect(waitsFor(graph, pods('cp2'))).toContain(pods('cp1'))
  })

  test('go to a node whose member is down when the first one has them, and to those whose members run after it', () => {
    const graph = clusterGraph(spec, memberDown('cp3'))
    expect(holders(graph, pods('cp3'))).toEqual([pods('cp1'), kubelet('cp3')])
    expect(waitsFor(graph, pods('cp3'))).not.toContain(pods('cp2'))
    expect(waitsFor(graph, pods('cp2'))).toContain(pods('cp3'))
  })

  test('change on one node at a time where etcd has no quorum, whatever those between have to change', () => {
    const graph = clusterGraph(spec, memberDown(...controlPlane))
    expect(holders(graph, pods('cp2'))).toEqual([pods('cp1'), kubelet('cp2')])
    expect(holders(graph, pods('cp3'))).toEqual([pods('cp1'), pods('cp2'), kubelet('cp3')])
  })

  test('are not held up by a node that this run makes, whose own come last', () => {
    const graph = clusterGraph(spec, standing(names.filter(name => name !== 'cp2')))
    expect(waitsFor(graph, pods('cp3'))).not.toContain('cp2/kubeadm join:control plane')
    expect(holders(graph, pods('cp2'))).toEqual([pods('cp1'), pods('cp3')])
    expect([...waitsFor(graph, ready('cp2'))].filter(id => id.startsWith('cp3/'))).toEqual([firewallOf('cp3')])
  })

  test('are all made before a member of etcd leaves that is in cluster.yaml no more', () => {
    const roles = { cp1: ['control-plane'], cp2: ['control-plane'], cp3: ['control-plane'], e2: ['etcd'] }
    const { spec: given, facts } = external(roles)
    const waits = waitsFor(clusterGraph(given, facts), 'e2/etcd members:former')
    expect(controlPlane.filter(name => !waits.has(pods(name)))).toEqual([])
  })

  const firewallOf = (name: string) => `${name}/firewall:openings`
})

describe('firewalls of running hosts', () => {
  const firewall = (name: string) => `${name}/firewall:openings`

  test('change in batches, each when the rules of the one before are in effect, and not when its nodes are Ready', () => {
    const graph = clusterGraph(spec, standing(names))
    expect(waitedFor(graph, firewall('cp1'), { role: 'firewall' })).toEqual([])
    expect(waitedFor(graph, firewall('cp3'), { role: 'firewall' })).toEqual(['cp1', 'cp2'].map(firewall))
    expect(waitedFor(graph, firewall('w2'), { role: 'firewall' })).toEqual([...controlPlane, 'w1'].map(firewall))
    // Before all let each other in, none may become Ready.
    expect(waitedFor(graph, firewall('w9'), { role: 'kubelet' })).toEqual([])
  })

  test('hold up a node that is new as far as the control plane goes, and running nodes not at all', () => {
    const graph = clusterGraph(spec, standing(names.filter(name => name !== 'cp2' && name !== 'w5')))
    for (const id of ['cp2/kubeadm join:control plane', 'w5/kubeadm join:node']) {
      const own = firewall(id.split('/')[0]!)
      const waited = waitedFor(graph, id, { role: 'firewall' }).filter(other => other !== own)
      expect(waited).toEqual(controlPlane.map(firewall).filter(other => other !== own))
      expect(waitedFor(graph, id, { role: 'kubelet' })).toEqual([])
    }
    expect(waitedFor(graph, ready('cp1'), { role: 'firewall' })).toEqual([firewall('cp1')])
  })
})

describe('a change of several nodes at once', () => {
  test.each([
    ['a new control plane node in the middle of the file', names.filter(name => name !== 'cp2'), names],
    ['a new one at the top of the file, from where the network is set up', names.filter(name => name !== 'cp1'), names],
    ['a running node that is off', names, names.filter(name => name !== 'cp1' && name !== 'w1')],
    ['one node', ['cp1'], ['cp1']],
  ])('has an order: %s', (_, running, answered) => {
    for (const cni of ['flannel', 'calico', 'cilium', 'none']) {
      for (const localProxy of ['nginx', 'haproxy']) {
        const changed = specOf({ hosts, network: { cni }, controlPlane: { localProxy } })
        const graph = clusterGraph(changed, standing(running, answered))
        // Those that are made wait for no running one to become well.
        for (const name of answered.filter(one => !running.includes(one)))
          expect(waitedFor(graph, `${name}/unit:kubelet.service`, { role: 'rolling' }).filter(notFirewall)).toEqual([])
      }
    }
  })

  test('goes to the control plane nodes side by side where etcd has no quorum before several of them run', () => {
    const down = new Map<string, HostFacts>(
      [...standing(names)].map(([name, known]) => [name, retold(known, { listening: [sshPort] })]),
    )
    expect(runningBatches(spec, down).slice(0, 2)).toEqual([controlPlane, ['w1']])
    const one = new Map(down).set('cp1', standing(names).get('cp1')!)
    expect(runningBatches(spec, one)[0]).toEqual(controlPlane)
    expect(runningBatches(spec, one.set('cp2', standing(names).get('cp2')!))[0]).toEqual(['cp1', 'cp3'])
  })

  const notFirewall = (id: string) => !id.endsWith('has its firewall')
})

describe('standing members of etcd', () => {
  const hostsOnly = {
    cp1: ['control-plane'],
    e1: ['etcd'],
    e2: ['etcd'],
    e3: ['etcd'],
    w1: ['worker'],
  }
  const health = (name: string) => `${name}/etcd health:${name}`
  const things = (name: string) => [
    `${name}/packages:apt`,
    `${name}/artifact:etcd`,
    `${name}/file:/etc/etcd/etcd.env`,
    `${name}/unit:etcd.service`,
  ]

  test('change one host at a time, each when etcd is healthy on the one before; the one that signs goes first', () => {
    const { spec: given, facts } = external(hostsOnly)
    const graph = clusterGraph(given, facts)
    const waits = (name: string) => things(name).map(id => waitedFor(graph, id, { kind: 'etcd health' }))
    expect(waits('e2')).toEqual(things('e2').map(() => []))
    expect(waits('e1')).toEqual(things('e1').map(() => [health('e2')]))
    expect(waits('e3')).toEqual(things('e3').map(() => [health('e1'), health('e2')]))
  })

  test('that are down come first, since those that are well wait for them; the one that signs holds up nobody', () => {
    const { spec: given, facts } = external(hostsOnly)
    for (const name of ['e2', 'e3']) {
      const down = new Map(facts).set(name, retold(facts.get(name)!, { listening: [sshPort] }))
      const graph = clusterGraph(given, down)
      expect(things(name).map(id => waitedFor(graph, id, { kind: 'etcd health' }))).toEqual(things(name).map(() => []))
      const others = ['e1', 'e2', 'e3'].filter(other => other !== name)
      for (const other of others)
        expect(waitedFor(graph, `${other}/unit:etcd.service`, { kind: 'etcd health' })).toContain(health(name))
    }
  })

  test('are not held up by one that joins, which waits for nobody to change', () => {
    const { spec: given, facts } = external({ ...hostsOnly, e4: ['etcd'], e5: ['etcd'] }, ['e1'])
    const graph = clusterGraph(given, facts)
    expect(waitedFor(graph, 'e1/packages:apt', { kind: 'etcd health' })).toEqual([])
    expect(waitedFor(graph, 'e3/packages:apt', { kind: 'etcd health' })).toEqual([health('e2')])
    // It is a voter before a standing one is restarted.
    expect(waitsFor(graph, 'e2/unit:etcd.service')).toContain('e1/etcd member:e1')
  })

  test('are all brought back at once where etcd has no quorum before several of them run', () => {
    const { spec: given, facts } = external(hostsOnly)
    for (const name of ['e1', 'e2']) facts.set(name, retold(facts.get(name)!, { listening: [sshPort] }))
    const graph = clusterGraph(given, facts)
    for (const name of ['e1', 'e3'])
      expect(waitedFor(graph, `${name}/etcd member:${name}`, { kind: 'etcd health' })).toEqual([])
  })

  test.each([
    [['control-plane', 'etcd'], []],
    [['control-plane', 'etcd'], ['cp2']],
    [['control-plane', 'etcd'], ['w1']],
    [['etcd'], ['w1']],
  ])('have an order where they are %j, with %j new', (roles, fresh) => {
    const { spec: given, facts } = external(
      {
        e1: roles,
        e2: roles,
        e3: roles,
        cp1: ['control-plane'],
        cp2: ['control-plane'],
        w1: ['worker'],
        w2: ['worker'],
      },
      fresh,
    )
    for (const silent of [undefined, 'e1', 'w2']) {
      const answered = new Map([...facts].filter(([name]) => name !== silent))
      expect(clusterGraph(given, answered).tasks.size).toBeGreaterThan(0)
    }
    for (const down of ['e1', 'e2', 'e3']) {
      const known = new Map(facts).set(down, retold(facts.get(down)!, { listening: [sshPort] }))
      expect(clusterGraph(given, known).tasks.size).toBeGreaterThan(0)
    }
  })
})

test('a control plane node is well only when its own API server is: what goes on to the next one waits for that', () => {
  const { tasks } = clusterGraph(spec, standing(names))
  const script = (name: string) => tasks.get(ready(name) as TaskId)!.resource.probe.script
  expect(script('cp2')).toContain("'https://192.0.2.2:6443/readyz?verbose'")
  expect(script('w1')).not.toContain('readyz')
})

test.each(['given', 'own'] as const)(
  'what API servers show to an etcd of its own hosts (%s) goes from node to node',
  which => {
    const roles = { cp1: ['control-plane'], cp2: ['control-plane'], e2: ['etcd'] }
    const own = external(roles)
    const certificates = { ca: 'ca', certificate: 'certificate', key: new Secret('key', 'key') }
    const etcd = { topology: 'external', managed: false, endpoints: ['https://192.0.2.9:2379'], ...certificates }
    const given = { ...own.spec, etcd: etcd as unknown as ClusterSpec['etcd'] }
    const graph = clusterGraph(which === 'own' ? own.spec : given, own.facts)
    for (const name of ['ca.crt', 'client.crt']) {
      expect(waitsFor(graph, `cp2/file:/etc/evcctl/etcd/${name}`)).toContain('cp1/etcd:answer')
      expect(waitsFor(graph, `cp1/file:/etc/evcctl/etcd/${name}`)).not.toContain('cp2/etcd:answer')
    }
    expect(waitsFor(graph, 'cp1/kubeadm init:cluster')).toContain('cp1/etcd:answer')
  },
)

test('images are loaded on running nodes in batches, too: they can fill a disk', () => {
  const archives = [{ url: 'https://mirror.example/all.tar', sha256: 'a'.repeat(64) }]
  const graph = clusterGraph(specOf({ hosts, images: { archives } }), standing(names))
  const ids = ofRole(graph, 'images')
  const [load] = ids.filter(id => id.startsWith('cp2/'))
  expect(waitsFor(graph, load!)).toContain(ready('cp1'))
})

describe('a member of etcd that is down, on a host that answers', () => {
  const roles = { cp1: ['control-plane'], e1: ['etcd'], e2: ['etcd'], e3: ['etcd'], w1: ['worker'] }
  const { spec: etcdSpec, facts } = external(roles)
  const down = new Map([...facts, ['e3', { ...facts.get('e3')!, listening: [sshPort] }]])
  /** What is skipped when it does not become healthy. */
  const skipped = (graph: Graph, id: string) => {
    const all = new Set([id])
    for (let size = 0; size < all.size; ) {
      size = all.size
      for (const { from, to, hold } of graph.edges) if (all.has(from) && hold !== true) all.add(to)
    }
    return [...all]
  }

  test('fails alone: what stands goes on with the others, and these are not restarted', () => {
    const graph = clusterGraph(etcdSpec, down)
    const lost = skipped(graph, 'e3/etcd health:e3')
    // As long as a member is down, none is taken out.
    expect(lost.filter(id => /^(cp1|w1|e1|e2)\//.test(id))).toEqual(['e2/etcd members:former'])
    const held = graph.edges.filter(({ from, hold }) => hold === true && from === 'e3/etcd health:e3')
    expect(held.map(({ to }) => to)).toEqual(expect.arrayContaining(['e2/unit:etcd.service']))
    expect(waitsFor(graph, 'e1/unit:etcd.service')).toContain('e3/etcd health:e3')
  })

  test('stops all where a member that runs does not become healthy with what is new', () => {
    const graph = clusterGraph(etcdSpec, facts)
    expect(skipped(graph, 'e2/etcd health:e2')).toContain('cp1/kubeadm init:cluster')
    expect(waitsFor(graph, 'e3/unit:etcd.service')).toContain('e1/etcd health:e1')
  })
})

test('a control plane node whose member is down goes with the first one, which may need it for a quorum', () => {
  const known = new Map(standing(names, ['cp1', 'cp2', 'w1']))
  known.set('cp2', retold(known.get('cp2')!, { listening: [sshPort] }))
  expect(runningBatches(spec, known)).toEqual([['cp1', 'cp2'], ['w1']])
  const config = 'kubelet configuration:/var/lib/kubelet/config.yaml'
  const graph = clusterGraph(spec, known)
  expect(waitsFor(graph, `cp2/${config}`)).not.toContain(ready('cp1'))
  expect(waitsFor(graph, `w1/${config}`)).toContain(ready('cp2'))
})

test.each<[string, readonly string[]]>([
  ['all', ['cp1', 'cp2', 'cp3']],
  ['two', ['cp2', 'cp3']],
  ['one', ['cp3']],
])(
  'control plane nodes change one by one when %s of them were booted a moment ago and etcd does not listen there yet',
  (_what, booted) => {
    const told = (uptimeMs: number) => {
      const known = new Map(standing(names))
      for (const name of booted) known.set(name, retold(known.get(name)!, { listening: [sshPort], uptimeMs }))
      return runningBatches(spec, known).slice(0, 3)
    }
    expect(told(20_000)).toEqual([['cp1'], ['cp2'], ['cp3']])
    expect(told(3_600_000)).not.toEqual([['cp1'], ['cp2'], ['cp3']])
  },
)

test('members of an external etcd do so, too', () => {
  const { spec: given, facts } = external({ cp1: ['control-plane'], e1: ['etcd'], e2: ['etcd'], e3: ['etcd'] })
  const booted = new Map(
    [...facts].map(([name, known]) => [name, retold(known, { listening: [sshPort], uptimeMs: 20_000 })]),
  )
  const packages = (name: string) => `${name}/packages:apt`
  for (const [name, before] of [
    ['e1', 'e2'],
    ['e3', 'e1'],
  ] as const)
    expect(waitsFor(clusterGraph(given, booted), packages(name))).toContain(packages(before))
})
