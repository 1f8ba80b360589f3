import type { ErrorDetails } from '../../core/error-details.ts'
import type { Change, ProbeResult, Resource, StepFailure } from '../../core/resource.ts'
import { surveyProbe } from '../../core/survey.ts'
import {
  type ApiAccess,
  type ApiState,
  askApi,
  type NodeState,
  nodesPath,
  notAnswered,
  parseNode,
} from '../api/index.ts'
import { linesOf, parsedOnce } from '../support/index.ts'
import { drainScript } from './drain-script.ts'
import { type DrainSettings, type Eviction, evictionOf, listed } from './evicted-pods.ts'
import { askPods, rowsIn } from './pod-rows.ts'

export interface DrainedParameters {
  readonly api: ApiAccess
  /** Name of the node. */
  readonly node: string
  readonly drain: DrainSettings
}

/** A node, and what a drain of it has to do. Undefined: the cluster has no such node. */
export type DrainedState = ApiState<{ readonly node: (NodeState & { readonly eviction: Eviction }) | undefined }>

/**
 * A node is cordoned, and every pod that can leave it has left it. PodDisruptionBudgets are respected: the drain waits for
 * them up to the limit, and then fails. The node then stays cordoned, and the next run goes on. On a node that does not report
 * (its Ready condition is Unknown) nothing is evicted: its pods end when its Node object is deleted. A cordon by somebody else
 * stays theirs; see inService(). Runs on a control plane node.
 */
export function drained(parameters: DrainedParameters): Resource<DrainedState, { readonly drained: boolean }> {
  const { api, node, drain } = parameters
  return {
    kind: 'drain',
    name: node,
    probe: surveyProbe({
      asks: [askApi(api, [nodesPath]), askPods(api, [node])],
      parse: raw => parseState(raw, parameters),
    }),
    desired: { drained: true },
    diff(current) {
      if (current.api === 'absent') return undefined
      if (current.api === 'unreachable') return notAnswered(current, 'its pods are not known', { action: 'run' })
      const { node: found } = current
      if (found === undefined) return undefined
      const { isCordoned, isLost, eviction } = found
      if (isLost) return isCordoned ? undefined : change('cordon; it does not report, so its pods are not waited for')
      if (isCordoned && eviction.pods.length === 0) return undefined
      return changeOf(node, found)
    },
    converge: () => [{ run: drainScript(api, node, drain), timeoutMs: drain.timeout + 180_000 }],
    explain: failure => failed(failure, parameters),
  }
}

const rowsOf = parsedOnce(({ stdout }) => rowsIn(stdout))

function parseState(raw: ProbeResult, { node, drain }: DrainedParameters): DrainedState {
  const answer = parseNode(raw, node)
  if (answer.api !== 'answered') return answer
  if (answer.node === undefined) return { api: 'answered', node: undefined }
  // For a lost node, nobody has to know the pods.
  if (!answer.node.isLost && !linesOf(raw, 'pods').includes('answered'))
    return { api: 'unreachable', said: raw.stderr.trim().split('\n').at(-1) ?? '' }
  return { api: 'answered', node: { ...answer.node, eviction: evictionOf(rowsOf(raw), node, drain) } }
}

function change(note: string): Change {
  return { action: 'run', fields: [], note }
}

function changeOf(node: string, { isCordoned, eviction }: NodeState & { readonly eviction: Eviction }): Change {
  const { pods, blockers, unmanaged, withData } = eviction
  const count = pods.length === 1 ? '1 pod' : `${pods.length} pods`
  const blocked = blockers.map(blocker => `blocked by ${blocker}`)
  const note = `${isCordoned ? '' : 'cordon, '}drain (${[count, ...blocked].join('; ')})`
  const refused = refusal(node, unmanaged, withData)
  return { ...change(note), ...(refused === undefined ? {} : { refused }) }
}

function refusal(node: string, unmanaged: readonly string[], withData: readonly string[]): ErrorDetails | undefined {
  if (unmanaged.length > 0)
    return {
      problem: `${node} cannot be drained: nothing would start ${unmanaged.length === 1 ? 'this pod' : 'these pods'} again.`,
      expected: 'pods with a controller, e.g. a Deployment',
      actual: listed(unmanaged),
      next: 'Delete what is not needed any more: kubectl delete pod; or set spec.rollout.drain.force: true, and it is deleted.',
    }
  if (withData.length > 0)
    return {
      problem: `${node} cannot be drained: ${withData.length === 1 ? 'a pod has' : 'pods have'} data in an emptyDir volume, which would be lost.`,
      expected: 'no emptyDir volumes, or spec.rollout.drain.deleteEmptyDirData: true',
      actual: listed(withData),
      next: 'Move the pods away yourself, or allow it with deleteEmptyDirData.',
    }
  return undefined
}

function failed({ stdout, stderr }: StepFailure, { node, drain }: DrainedParameters): ErrorDetails {
  const { pods, blockers, unmanaged, withData } = evictionOf(rowsIn(stdout), node, drain)
  const reasons = [
    ...blockers.map(blocker => `blocked by ${blocker}`),
    ...(unmanaged.length > 0 ? [`without a controller: ${listed(unmanaged)}`] : []),
    ...(withData.length > 0 ? [`with data in an emptyDir: ${listed(withData)}`] : []),
    ...(pods.length > 0 ? [`still there: ${listed(pods)}`] : []),
  ]
  return {
    problem: `${node} was not drained within ${Math.ceil(drain.timeout / 1000)} s. It stays cordoned, and everything else on it runs on.`,
    expected: 'no pods but those of DaemonSets and static pods',
    actual: [...reasons, ...(reasons.length === 0 || pods.length === 0 ? [stderr.trim()] : [])].join('\n'),
    next: 'Start more replicas, or let the PodDisruptionBudget allow it; then apply again: the drain goes on. A longer limit: spec.rollout.drain.timeout. To keep the node in service, take the change back in cluster.yaml and apply.',
  }
}
