import { endOf } from '../../core/cut.ts'
import type { ErrorDetails } from '../../core/error-details.ts'
import type { Resource, StepFailure } from '../../core/resource.ts'
import { surveyProbe } from '../../core/survey.ts'
import type { ApiAccess } from './access.ts'
import { type ApiSilence, notAnswered } from './api-state.ts'
import { type ApiAnswer, answerFor, apiPath, askApi } from './api-survey.ts'
import { nodesPath } from './node-list.ts'
import { rolledOutAnnotation, rolloutMs, rolloutScript } from './rollout-script.ts'

export interface RolloutParameters {
  readonly api: ApiAccess
  /** What is rolled out, e.g. `flannel`. */
  readonly name: string
  /** The DaemonSet. */
  readonly daemonSet: { readonly namespace: string; readonly name: string }
}

export type RolloutState =
  /** `absent`: there is no cluster yet, or no such DaemonSet. */
  | { readonly is: 'absent' }
  | ({ readonly is: 'unknown' } & ApiSilence)
  | { readonly is: 'ended' }
  | { readonly is: 'under way'; readonly updated: number; readonly desired: number }

interface DaemonSet {
  readonly metadata?: { readonly generation?: unknown; readonly annotations?: Readonly<Record<string, unknown>> | null }
  readonly status?: Readonly<Record<string, unknown>> | null
}

/**
 * The last change of a DaemonSet has reached all nodes that are Ready. A new DaemonSet is not waited for: its nodes become
 * Ready side by side, and each is waited for there. A DaemonSet that runs everywhere counts as rolled out. If nodes were
 * off, evcctl records on the DaemonSet that all others were done. So the next plan shows a rollout that failed or was in
 * progress when a run was cut off. Runs on a control plane node.
 */
export function rollout({
  api,
  name,
  daemonSet,
}: RolloutParameters): Resource<RolloutState, { readonly rollout: string }> {
  const path = apiPath({ apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: daemonSet })
  return {
    kind: 'rollout',
    name,
    title: `rollout of ${name}`,
    probe: surveyProbe({
      asks: [askApi(api, [path, nodesPath])],
      parse: raw => parseState(answerFor(raw, path), answerFor(raw, nodesPath)),
    }),
    desired: { rollout: 'ended' },
    diff(current, _desired, { watched }) {
      const after = 'on all nodes that are Ready'
      const because = watched.length > 0 ? { because: watched } : {}
      switch (current.is) {
        case 'absent':
          return undefined
        case 'unknown':
          return { ...notAnswered(current, 'it is not known whether it has ended', { action: 'run' }), ...because }
        case 'under way': {
          const before = `not ended: ${current.updated} of ${current.desired} nodes have what is new`
          return { action: 'run', fields: [{ field: 'rollout', before, after }], ...because }
        }
        case 'ended':
          return watched.length === 0 ? undefined : { action: 'run', fields: [{ field: 'rollout', after }], ...because }
      }
    },
    converge: () => [{ run: rolloutScript(api, daemonSet.namespace, daemonSet.name), timeoutMs: rolloutMs }],
    explain: failure => rolloutFailure(name, daemonSet.namespace, failure),
  }
}

/** Explains the failure of a step that runs rolloutScript(). `name`: what people call what is rolled out. */
export function rolloutFailure(name: string, namespace: string, failure: StepFailure): ErrorDetails {
  return {
    problem: `The rollout of ${name} has not reached all nodes.`,
    actual: endOf(failure.stderr.trim() || failure.stdout.trim(), 2000),
    next: `Look at it: kubectl --namespace ${namespace} get pods -o wide; fix the cause, or correct cluster.yaml, and apply again: the rollout then goes on.`,
  }
}

function parseState(answer: ApiAnswer, nodes: ApiAnswer): RolloutState {
  if (answer.api === 'absent') return { is: 'absent' }
  if (answer.api === 'unreachable') return { is: 'unknown', ...answer }
  if (answer.object === undefined) return { is: 'absent' }
  const { metadata, status } = answer.object as DaemonSet
  const count = (field: string) => Number(status?.[field] ?? 0)
  const generation = Number(metadata?.generation ?? 1)
  if (generation <= 1 || metadata?.annotations?.[rolledOutAnnotation] === String(generation)) return { is: 'ended' }
  const desired = count('desiredNumberScheduled')
  const updated = count('updatedNumberScheduled')
  const isObserved = count('observedGeneration') >= generation
  // A node that joins gets the new pod, and one that goes off later has it already: neither reopens a completed rollout.
  const off = nodes.api === 'answered' ? nodesOff(nodes.object) : 0
  const scheduled = Math.max(count('currentNumberScheduled'), 1)
  if (isObserved && updated >= scheduled && count('numberAvailable') + off >= scheduled) return { is: 'ended' }
  return { is: 'under way', updated: isObserved ? updated : 0, desired }
}

function nodesOff(list: unknown): number {
  const { items = [] } = (list ?? {}) as {
    items?: readonly { status?: { conditions?: readonly { type?: unknown; status?: unknown }[] } }[]
  }
  const isReady = (item: (typeof items)[number]) =>
    Array.isArray(item.status?.conditions) &&
    item.status.conditions.some(one => one?.type === 'Ready' && one.status === 'True')
  return items.filter(item => !isReady(item)).length
}
