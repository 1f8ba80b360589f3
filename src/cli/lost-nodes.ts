import type { ErrorDetails, TaskId } from '../core/index.ts'
import type { Evaluation } from '../engine/index.ts'

/**
 * Refuses the changes of running nodes while another node is silent that fell silent when a run wrote to it: what is new may
 * have been the cause, and each run would lose one more. `lost`: those hosts, with the names of the runs; `changes`: what
 * would change on other nodes. Pure.
 */
export function refuseAfterLoss(
  evaluation: Evaluation,
  lost: ReadonlyMap<string, string>,
  changes: readonly TaskId[],
  file: string,
): Evaluation {
  const [first] = changes
  if (first === undefined || lost.size === 0) return evaluation
  const names = [...lost.keys()].join(', ')
  const is = lost.size === 1 ? 'is a node that' : 'are nodes that'
  const hosts = [...new Set(changes.map(id => evaluation.graph.tasks.get(id)!.host))]
  const details: ErrorDetails = {
    where: hosts.length === 1 ? hosts[0]! : `${hosts.length} running nodes`,
    problem: `${names} ${is} fell silent while a run wrote to it: what is new may be the cause. No other running node is changed before that is settled.`,
    expected: `${names} answers again`,
    came: [...lost].map(([host, run]) => `${host} has been silent since ${run}`).join('\n'),
    next: `Bring ${names} back, or take it out of ${file} if the change was not the cause. If it was: take the change back in ${file}.`,
  }
  return {
    ...evaluation,
    errors: new Map([...evaluation.errors, [first, details]]),
    refused: new Set([...evaluation.refused, first]),
  }
}
