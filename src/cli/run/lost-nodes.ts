import type { ErrorDetails, Task } from '../../core/index.ts'
import type { Evaluation, LostHost } from '../../engine/index.ts'

/**
 * Refuses changes of running hosts while a host is silent that stopped answering when a run wrote to it: that change may
 * have been the cause, and each further run would lose one more host. Hosts that the same run has changed and that still
 * work may change, so that the change can be taken back on them. `changes`: the tasks that would change other hosts. Pure.
 */
export function refuseAfterLoss(
  evaluation: Evaluation,
  lost: ReadonlyMap<string, LostHost>,
  changes: readonly Task[],
  file: string,
): Evaluation {
  const held = changes.filter(({ host }) => [...lost.values()].some(({ proven }) => !proven.has(host)))
  const [first] = held
  if (first === undefined) return evaluation
  const names = [...lost.keys()].join(', ')
  const is = lost.size === 1 ? 'is a host that' : 'are hosts that'
  const hosts = [...new Set(held.map(({ host }) => host))]
  const details: ErrorDetails = {
    where: hosts.length === 1 ? hosts[0]! : `${hosts.length} running hosts`,
    problem: `${names} ${is} fell silent while a run wrote to it: what is new may be the cause. No other running host is changed before that is settled.`,
    expected: `${names} answers again`,
    actual: [...lost].map(([host, { run }]) => `${host} has been silent since ${run}`).join('\n'),
    next: `Bring ${names} back, or take it out of ${file} if the change was not the cause. If it was: take the change back in ${file}.`,
  }
  return {
    ...evaluation,
    errors: new Map([...evaluation.errors, [first.id, details]]),
    refused: new Set([...evaluation.refused, first.id]),
  }
}
