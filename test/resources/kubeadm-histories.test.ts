import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Change, ProbeResult, Resource } from '../../src/core/index.ts'
import type { ClusterDocuments } from '../../src/resources/kubeadm/cluster-record.ts'
import { kubeadmConfiguration } from '../../src/resources/kubeadm/configuration.ts'
import { controlPlaneConfiguration } from '../../src/resources/kubeadm/control-plane-configuration.ts'
import {
  clusterConfiguration,
  kubeletConfiguration,
  kubeProxyConfiguration,
} from '../../src/resources/kubeadm/documents.ts'
import { kubeletConfigurationFile } from '../../src/resources/kubeadm/kubelet-configuration.ts'
import { fuzzing } from '../kit/fuzz.ts'
import { type NodeName, newWorld, printed, printedKubelet, unfinishedIn, type World, wrongIn } from './kubeadm-world.ts'
import { actionsIn, StepFails } from './kubeadm-world-steps.ts'

/** What is in cluster.yaml; undefined: the key is not there. `kubeProxy`: undefined if somebody else does its work. */
interface Wanted {
  readonly apiServer?: string | undefined
  readonly scheduler?: readonly string[] | undefined
  readonly kubelet: Readonly<Record<string, unknown>>
  readonly kubeProxy: Readonly<Record<string, unknown>> | undefined
}

type ControlPlaneNode = 'a' | 'b'

interface Apply {
  readonly does: 'apply'
  /** Index into the documents of the history. */
  readonly documents: number
  /** The control plane node through which the cluster is changed. */
  readonly first: ControlPlaneNode
  /** Nodes that do not answer. */
  readonly off: readonly NodeName[]
  /** Whether the API server did not answer when the first node was judged. */
  readonly isSilent: boolean
  /** Whether static pods come up with other arguments. */
  readonly isUp: boolean
  /** The action after which the run is killed; none: it goes on to its end. */
  readonly cut?: number | undefined
  /** The action that fails. */
  readonly fails?: number | undefined
}

type Event =
  | Apply
  | { readonly does: 'edit manifest'; readonly node: ControlPlaneNode; readonly isGone: boolean }
  | { readonly does: 'edit kubelet'; readonly node: NodeName }
  /** As evcctl advises where Cilium takes its place. */
  | { readonly does: 'remove kube-proxy'; readonly withConfiguration: boolean }

interface History {
  readonly wanted: readonly Wanted[]
  readonly events: readonly Event[]
}

const maybe = <T>(...values: readonly T[]) => fc.constantFrom(undefined, ...values)

const wantedDocuments: fc.Arbitrary<Wanted> = fc.record({
  apiServer: maybe('2', '4'),
  scheduler: maybe<readonly string[]>([], ['profiling']),
  kubelet: fc.record({
    maxPods: maybe(0, 50, 60),
    readOnlyPort: maybe(0, 10255),
    protectKernelDefaults: maybe(false, true),
    // kubeadm stores its zero, unlike those of the others.
    podPidsLimit: maybe(0, 9),
    systemReserved: maybe<object>({}, { cpu: '1' }, { memory: '1Gi' }),
  }),
  kubeProxy: maybe<Record<string, unknown>>(
    {},
    { mode: 'nftables' },
    { conntrack: { maxPerCore: 5 } },
    { conntrack: { maxPerCore: 7 } },
  ),
})

const controlPlaneNode = fc.constantFrom<ControlPlaneNode>('a', 'b')
const anyNode = fc.constantFrom<NodeName>('a', 'b', 'worker')
const seldom = fc.integer({ min: 0, max: 4 }).map(number => number === 4)
const action = fc.option(fc.nat({ max: 60 }), { nil: undefined })

const applies: fc.Arbitrary<Apply> = fc.record({
  does: fc.constant('apply' as const),
  documents: fc.nat({ max: 2 }),
  first: controlPlaneNode,
  off: fc.subarray<NodeName>(['a', 'b', 'worker'], { maxLength: 1 }),
  isSilent: seldom,
  isUp: seldom.map(value => !value),
  cut: action,
  fails: action,
})

const events: fc.Arbitrary<Event> = fc.oneof(
  { weight: 8, arbitrary: applies },
  {
    weight: 1,
    arbitrary: fc.record({ does: fc.constant('edit manifest' as const), node: controlPlaneNode, isGone: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('edit kubelet' as const), node: anyNode }) },
  {
    weight: 1,
    arbitrary: fc.record({ does: fc.constant('remove kube-proxy' as const), withConfiguration: fc.boolean() }),
  },
)

const histories: fc.Arbitrary<History> = fc.record({
  wanted: fc.array(wantedDocuments, { minLength: 3, maxLength: 3 }),
  events: fc.array(events, { minLength: 1, maxLength: 6 }),
})

function documentsOf({ apiServer, scheduler, kubelet, kubeProxy }: Wanted): ClusterDocuments {
  const argument = (name: string, value: string) => ({ extraArgs: [{ name, value }] })
  const extraArgs = scheduler?.map(name => ({ name, value: 'false' }))
  const known = (tree: object) => Object.fromEntries(Object.entries(tree).filter(([, value]) => value !== undefined))
  return {
    cluster: clusterConfiguration({
      name: 'edge',
      version: '1.36.4',
      endpoint: '127.0.0.1:7443',
      certSANs: [],
      podCIDR: '10.244.0.0/16',
      serviceCIDR: '10.96.0.0/12',
      nodePrefix: 24,
      clusterDomain: 'cluster.local',
      patch: {
        ...(apiServer === undefined ? {} : { apiServer: argument('v', apiServer) }),
        ...(extraArgs === undefined ? {} : { scheduler: { extraArgs } }),
      },
    }),
    kubelet: kubeletConfiguration(known(kubelet)),
    kubeProxy: kubeProxy && kubeProxyConfiguration(known(kubeProxy)),
  }
}

// biome-ignore lint/suspicious/noExplicitAny: the resources of a node have different states
type AnyResource = Resource<any, any>

/** A task, as far as the model needs it. */
interface Task {
  readonly node: NodeName
  readonly resource: AnyResource
  readonly print: (api: 'answers' | 'silent') => ProbeResult
}

interface Tasks {
  readonly first: Task
  readonly other: Task
  readonly kubelets: readonly Task[]
}

function tasksFor(world: World, documents: ClusterDocuments, first: ControlPlaneNode): Tasks {
  const other = first === 'a' ? 'b' : 'a'
  const parameters = {
    configuration: '/etc/evcctl/kubeadm.yaml',
    store: 'containerd' as const,
    documents,
    advertiseAddress: '192.0.2.11',
    bindPort: 6443,
    file: 'cluster.yaml',
  }
  const kubelet = kubeletConfigurationFile(documents.kubelet, '1.36.4')
  return {
    first: { node: first, resource: kubeadmConfiguration(parameters), print: api => printed(world, first, api) },
    other: { node: other, resource: controlPlaneConfiguration(parameters), print: () => printed(world, other) },
    kubelets: (['a', 'b', 'worker'] as const).map(node => ({
      node,
      resource: kubelet,
      print: () => printedKubelet(world, node),
    })),
  }
}

function planOf({ resource, print }: Task): Change | undefined {
  return resource.diff(resource.probe.parse(print('answers')), resource.desired, { watched: [] })
}

class Killed extends Error {}

/** One run of evcctl apply, with what befalls it. Gives whether a task has changed something. */
function apply(world: World, documents: ClusterDocuments, given: Omit<Apply, 'does' | 'documents'>): boolean {
  const { first, other, kubelets } = tasksFor(world, documents, given.first)
  let count = 0
  let hasChanged = false
  /** Whether the task has succeeded. */
  const done = ({ node, resource, print }: Task, api: 'answers' | 'silent'): boolean => {
    if (given.off.includes(node)) return false
    const current = resource.probe.parse(print(api))
    const change = resource.diff(current, resource.desired, { watched: [] })
    if (change === undefined) return true
    expect(change.refused).toBeUndefined()
    hasChanged = true
    try {
      for (const step of resource.converge(current, resource.desired)) {
        for (const action of actionsIn(step, given.isUp)) {
          if (count === given.cut) throw new Killed()
          if (count++ === given.fails) throw new StepFails('fails')
          action({ world, node: world.nodes[node], documents })
        }
      }
    } catch (error) {
      if (error instanceof StepFails) return false
      throw error
    }
    return planOf({ node, resource, print }) === undefined
  }
  try {
    // Where the first does not answer, the cluster is changed through another one.
    const isChanged = done(first, given.isSilent ? 'silent' : 'answers')
    if (isChanged) done(other, 'answers')
    if (isChanged) for (const kubelet of kubelets) done(kubelet, 'answers')
  } catch (error) {
    if (!(error instanceof Killed)) throw error
  }
  return hasChanged
}

function befall(world: World, event: Event, wanted: readonly ClusterDocuments[], last: ClusterDocuments): void {
  if (event.does === 'apply') {
    apply(world, wanted[event.documents]!, event)
  } else if (event.does === 'edit manifest') {
    const node = world.nodes[event.node]
    const { 'kube-scheduler': _scheduler, ...others } = node.manifests
    node.manifests = event.isGone ? others : { ...node.manifests, 'kube-scheduler': '{"by":"hand"}' }
  } else if (event.does === 'edit kubelet') {
    world.nodes[event.node].kubelet += 'registryPullQPS: 1\n'
  } else if (last.kubeProxy === undefined) {
    world.proxyRuns = undefined
    if (event.withConfiguration) world.maps.kubeProxy = undefined
  }
}

/** Whether a plan for these documents shows a change. */
function isShown(world: World, documents: ClusterDocuments, first: ControlPlaneNode): boolean {
  const tasks = tasksFor(world, documents, first)
  return [tasks.first, tasks.other, ...tasks.kubelets].some(task => planOf(task) !== undefined)
}

function check({ wanted: given, events }: History): void {
  const wanted = given.map(documentsOf)
  const world = newWorld(wanted[0]!)
  let last = wanted[0]!
  let first: ControlPlaneNode = 'a'
  for (const event of events) {
    befall(world, event, wanted, last)
    if (event.does === 'apply') {
      last = wanted[event.documents]!
      first = event.first
    }
    for (const documents of wanted) {
      const wrong = wrongIn(world, documents)
      if (wrong.length === 0) continue
      for (const node of ['a', 'b'] as const) {
        if (!isShown(world, documents, node)) {
          expect({
            wanted: wanted.indexOf(documents),
            first: node,
            after: events.indexOf(event),
            notShown: wrong,
          }).toEqual({})
        }
      }
    }
  }
  const calm = { first, off: [], isSilent: false, isUp: true }
  const applied = [1, 2, 3].map(() => apply(world, last, calm))
  expect({
    wrong: wrongIn(world, last),
    unfinished: unfinishedIn(world),
    shown: isShown(world, last, first),
    applied,
  }).toEqual({
    wrong: [],
    unfinished: [],
    shown: false,
    applied: [expect.anything(), expect.anything(), expect.anything()],
  })
}

test('whatever befalls a cluster, a plan shows what is not as wanted, and applies bring it about', () => {
  const { numRuns, seed } = fuzzing('histories of the configuration', 200)
  fc.assert(fc.property(histories, check), { numRuns, seed })
}, 600_000)
