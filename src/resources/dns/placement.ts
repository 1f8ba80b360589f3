import type { Change, Resource, Step } from '../../core/resource.ts'
import type { TaskId } from '../../core/task-id.ts'
import { type ApiAccess, kubectl, notAnswered } from '../api/index.ts'
import { moveScript } from './move-script.ts'
import { type DnsPodsAnswer, dnsPodsProbe, mayRunOn, type NodeRules } from './pods.ts'

/** A node of cluster.yaml, as it is once it has joined. */
export interface ExpectedNode extends NodeRules {
  readonly name: string
}

export interface DnsPlacementParameters {
  readonly api: ApiAccess
  /** The nodes whose join or readiness is waited for before. */
  readonly nodes: readonly ExpectedNode[]
  /** Whether these nodes become Ready: without a pod network nothing that evcctl does can make them Ready. */
  readonly ready: boolean
  /** How long CoreDNS may take to start, s. Default 120: enough for a slow machine that has its image, or fetches it. */
  readonly patienceSeconds?: number
}

type Answered = Extract<DnsPodsAnswer, { api: 'answered' }>

/**
 * kubeadm creates CoreDNS when there is one node, so all of its pods run there, and nothing moves them: the cluster's DNS
 * is lost with that node. Where another node can run them, one pod is deleted, and Kubernetes creates its successor there.
 * One pod is Ready at all times. A CoreDNS of one pod is left alone, and so is any replacement of kubeadm's CoreDNS.
 */
export function dnsPlacement({
  api,
  nodes,
  ready,
  patienceSeconds = 120,
}: DnsPlacementParameters): Resource<DnsPodsAnswer, Record<never, never>> {
  return {
    kind: 'cluster DNS',
    name: 'placement',
    title: 'CoreDNS on different nodes',
    probe: dnsPodsProbe(api),
    desired: {},
    // Kubernetes replaces pods, and calls a busy one not ready for a moment. What that means for the plan is compared by itself.
    volatile: ['pods', 'nodes'],
    diff(current, _desired, { watched }): Change | undefined {
      if (current.api === 'unreachable') {
        return notAnswered(current, 'it is not known where CoreDNS runs', { action: 'run' })
      }
      if (current.api === 'absent') {
        if (!ready || nodes.length < 2) return undefined
        return { action: 'run', fields: [{ field: 'nodes', after: 'different ones' }], note: laterNote }
      }
      const only = onlyNode(current)
      if (only === undefined) return afterDrains(current, watched)
      const standing = current.nodes.filter(node => node.ready && isOpen(current, node, only))
      const names = new Set(current.nodes.filter(node => node.ready).map(node => node.name))
      const coming = ready
        ? nodes.filter(
            node => !names.has(node.name) && isOpen(current, current.nodes.find(isCalled(node.name)) ?? node, only),
          )
        : []
      if (standing.length === 0 && coming.length === 0) return afterDrains(current, watched)
      const fields = [{ field: 'nodes', before: `only ${only}`, after: 'different ones' }]
      return { action: 'run', fields, note: standing.length > 0 ? 'one pod of it is moved' : comingNote(coming) }
    },
    converge: current => (current.api === 'answered' ? move(api, current, patienceSeconds) : [answering(api)]),
    explain(failure) {
      if (failure.exitCode === 0) return undefined
      return {
        problem: 'CoreDNS runs on one node only: the cluster loses its DNS if that node fails.',
        actual: failure.stderr.trim() || failure.stdout.trim(),
        next: 'Check whether another node has room for it: kubectl --namespace kube-system describe pods --selector k8s-app=kube-dns; the next apply tries again.',
      }
    },
  }
}

const laterNote = 'its pods start when there is one node: one of them is moved once a second node is Ready'

function comingNote([first, ...more]: readonly ExpectedNode[]): string {
  const nodes = more.length === 0 ? first!.name : `${first!.name} or another node`
  return `one pod of it is moved once ${nodes} is Ready`
}

// A drain may leave all pods on one node, and where they then are is only known afterwards. The tasks are not named: there may be
// one for each node.
function afterDrains({ replicas, rules, nodes }: Answered, watched: readonly TaskId[]): Change | undefined {
  if (watched.length === 0 || replicas < 2 || rules === undefined || nodes.length < 2) return undefined
  return { action: 'run', fields: [], note: 'where drains leave its pods on one node' }
}

/** The node that all pods are on; undefined where they are on several nodes, or where there is nothing to spread. */
function onlyNode({ replicas, rules, pods }: Answered): string | undefined {
  if (replicas < 2 || rules === undefined) return undefined
  const [only, ...others] = new Set(pods.flatMap(({ node }) => (node === '' ? [] : [node])))
  const placed = pods.filter(({ node }) => node !== '').length
  return placed >= 2 && others.length === 0 ? only : undefined
}

function isOpen({ rules }: Answered, node: ExpectedNode & { readonly cordoned?: boolean }, only: string): boolean {
  return node.name !== only && node.cordoned !== true && mayRunOn(withoutPassing(node), rules!)
}

// Kubernetes puts these taints on a node that is not Ready, and removes them when it is.
function withoutPassing({ labels, taints }: NodeRules): NodeRules {
  return { labels, taints: taints.filter(({ key }) => !key.startsWith('node.kubernetes.io/')) }
}

function isCalled(name: string): (node: { readonly name: string }) => boolean {
  return node => node.name === name
}

const answering = (api: ApiAccess): Step => ({
  until: { script: `${kubectl(api, 5)} get --raw=/readyz >/dev/null\n`, parse: ({ exitCode }) => exitCode === 0 },
  what: 'the API server answers',
  everyMs: 2_000,
  timeoutMs: 120_000,
})

// The pod whose loss costs least: one that is not Ready. If the node itself is lost, its pods serve nobody anyway.
function move(api: ApiAccess, current: Answered, patienceSeconds: number): readonly Step[] {
  const only = onlyNode(current)!
  const here = current.pods.filter(isPlacedOn(only))
  const gone = here.find(pod => !pod.ready) ?? here.at(-1)!
  const isLost = !current.nodes.some(node => node.name === only && node.ready)
  return [
    {
      run: moveScript(api, { only, gone: gone.name, count: here.length, isLost, patienceSeconds }),
      timeoutMs: (2 * patienceSeconds + 60) * 1000,
    },
  ]
}

function isPlacedOn(name: string): (pod: { readonly node: string }) => boolean {
  return ({ node }) => node === name
}
