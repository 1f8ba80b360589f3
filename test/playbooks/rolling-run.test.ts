import { expect, test } from 'vitest'
import { apply } from '../../src/engine/apply.ts'
import { evaluate } from '../../src/engine/evaluate.ts'
import type { Graph, HostFacts, TaskId, TaskResult } from '../../src/index.ts'
import { entry, FakeHost, FakePool, fakeRun, unit } from '../engine/fake.ts'
import { retold } from '../facts/printed.ts'
import { clusterGraph, factsOf, specOf } from './given.ts'

const controlPlane = ['cp1', 'cp2', 'cp3']
const names = [...controlPlane, 'w1', 'w2', 'w3']
const hosts = names.map((name, index) => ({
  name,
  address: `192.0.2.${index + 1}`,
  roles: [name.startsWith('cp') ? 'control-plane' : 'worker'],
}))
const spec = specOf({ hosts, rollout: { maxUnavailable: 2 } })
const sshPort = { port: 22, address: '0.0.0.0', process: 'sshd' }
const etcdPort = { port: 2379, address: '127.0.0.1', process: 'etcd' }

/** Facts of nodes, some of which have a member of etcd that does not run. */
function standing(down: readonly string[] = []): ReadonlyMap<string, HostFacts> {
  return new Map(
    hosts.map(({ name, address, roles: [role] }) => {
      const isControlPlane = role === 'control-plane'
      const kubernetes = { kubeletConf: true, adminConf: isControlPlane, controlPlane: isControlPlane }
      const listening = isControlPlane && !down.includes(name) ? [sshPort, etcdPort] : [sshPort]
      return [name, retold(factsOf(name, address), { kubernetes, listening })]
    }),
  )
}

const staticPods = 'kubeadm configuration:node'
const kubelet = 'kubelet configuration:/var/lib/kubelet/config.yaml'
const startOfKubelet = 'unit:kubelet.service'
const containerd = 'file:/etc/containerd/config.toml'

/** A thing of a host, as `host thing`. */
type Thing = `${string} ${string}`

/** Works through a graph with tasks that only remember whether they were written. */
async function work(
  graph: Graph,
  { pending, failing = [] }: { pending: readonly Thing[]; failing?: readonly Thing[] },
) {
  const ids = [...graph.tasks.keys()]
  const things = new Map(ids.map(id => [id, thingOf(graph, id)]))
  expect(pending.filter(thing => ![...things.values()].includes(thing))).toEqual([])
  const watched = Map.groupBy(
    graph.edges.filter(({ watch }) => watch),
    ({ to }) => to,
  )
  const keyOf = (id: TaskId) => `${watched.has(id) ? 'stamp-' : ''}t${ids.indexOf(id)}`
  const table = new Map(names.map(name => [name, new FakeHost(name)]))
  const tasks = new Map(
    ids.map(id => {
      const task = graph.tasks.get(id)!
      const { values } = table.get(task.host)!
      const thing = things.get(id)!
      const name = `t${ids.indexOf(id)}`
      const keys = watched.get(id)?.map(({ from }) => keyOf(from))
      const steps = failing.includes(thing) ? [{ run: `fail ${name}` }] : undefined
      values.set(keyOf(id), pending.includes(thing) ? 'old' : 'new')
      const fake = keys === undefined ? entry(name, 'new') : unit(name, keys)
      return [id, { ...task, resource: steps === undefined ? fake : { ...fake, converge: () => steps } }]
    }),
  )
  // What watches is as it was at its last start.
  for (const id of ids) {
    const host = table.get(graph.tasks.get(id)!.host)!
    const keys = watched.get(id)?.map(({ from }) => keyOf(from))
    if (keys !== undefined && !pending.includes(things.get(id)!)) host.values.set(keyOf(id), host.stampOf(keys))
  }
  const run = fakeRun(new FakePool(table))
  const result = await apply(await evaluate({ ...graph, tasks, ephemerals: new Map() }, run), run)
  const written = run.of('task:start').map(({ task }) => things.get(task)!)
  const ends = new Map<Thing, TaskResult>([...result.ends].map(([id, end]) => [things.get(id)!, end.result]))
  return { written, ends }
}

function thingOf(graph: Graph, id: TaskId): Thing {
  const { host, resource } = graph.tasks.get(id)!
  return `${host} ${resource.kind}:${resource.name}`
}

const onAll = (nodes: readonly string[], ...things: readonly string[]) =>
  nodes.flatMap(node => things.map((thing): Thing => `${node} ${thing}`))

const ofNode = (written: readonly Thing[], node: string) => written.filter(thing => thing.startsWith(`${node} `))
const nodesOf = (written: readonly Thing[]) => [...new Set(written.map(thing => thing.split(' ', 1)[0]))]
const everything = [...onAll(names, kubelet, containerd), ...onAll(controlPlane, staticPods)]

test('a node is visited once for all that changes there: its runtime, its static pods, its kubelet, until it is Ready', async () => {
  const { written } = await work(clusterGraph(spec, standing()), { pending: everything })
  const visit = (node: string) => [
    ...onAll([node], containerd, 'unit:containerd.service'),
    ...(node.startsWith('cp') ? onAll([node], staticPods) : []),
    ...onAll([node], kubelet, startOfKubelet, `node:${node}`),
  ]
  for (const name of names) expect(ofNode(written, name)).toEqual(visit(name))
  expect(written.slice(0, -2 * visit('w2').length)).toEqual([...controlPlane, 'w1'].flatMap(visit))
})

test.each([
  ['cp1', ['cp1']],
  ['cp2', ['cp1', 'cp2']],
  ['cp3', ['cp1', 'cp2', 'cp3']],
])('static pods that do not come up on %s leave all nodes after it as they are', async (name, reached) => {
  const failing = onAll([name], staticPods)
  const { written, ends } = await work(clusterGraph(spec, standing()), { pending: everything, failing })
  expect(nodesOf(written)).toEqual(reached)
  const rest = everything.filter(thing => !reached.includes(thing.split(' ', 1)[0]!))
  expect(rest.filter(thing => ends.get(thing) !== 'skipped')).toEqual([])
})

test('a node that is not Ready with its kubelet leaves the static pods of all nodes after it as they are', async () => {
  const failing = onAll(['cp1'], 'node:cp1')
  const { written } = await work(clusterGraph(spec, standing()), { pending: everything, failing })
  expect(nodesOf(written)).toEqual(['cp1'])
})

test('a node whose static pods are right holds up nobody', async () => {
  const pending = onAll(['cp3'], staticPods)
  const { written } = await work(clusterGraph(spec, standing()), { pending })
  expect(written).toEqual(pending)
})

test('a kubelet without which a member of etcd is down starts, whatever becomes of the static pods of the first node', async () => {
  const pending = [...onAll(controlPlane, staticPods), ...onAll(['cp3'], startOfKubelet)]
  const graph = clusterGraph(spec, standing(['cp3']))
  const failed = await work(graph, { pending, failing: onAll(['cp1'], staticPods) })
  expect(failed.written).toEqual([...onAll(['cp1'], staticPods), ...onAll(['cp3'], startOfKubelet, 'node:cp3')])
  const { written } = await work(graph, { pending })
  expect(written.filter(thing => thing.endsWith(staticPods))).toEqual(onAll(['cp1', 'cp3', 'cp2'], staticPods))
  expect(ofNode(written, 'cp3')[0]).toBe(`cp3 ${startOfKubelet}`)
})

test('where etcd has no quorum, kubelets start side by side, and static pods change on one node after the other', async () => {
  const pending = onAll(controlPlane, staticPods, startOfKubelet)
  const { written } = await work(clusterGraph(spec, standing(controlPlane)), { pending })
  expect(written.filter(thing => thing.endsWith(staticPods))).toEqual(onAll(controlPlane, staticPods))
  const kubelets = onAll(controlPlane, startOfKubelet).map(thing => written.indexOf(thing))
  expect(Math.max(...kubelets.slice(1))).toBeLessThan(written.indexOf(`cp2 ${staticPods}`))
})
