import { setTimeout as sleep } from 'node:timers/promises'
import { exitCodes, UserError } from '../core/errors.ts'
import { attemptLock, type Taken } from './lock-attempt.ts'
import { describeHolder } from './lock-state.ts'
import type { Taking } from './lock-voters.ts'

/**
 * Takes the lock on as many voters as answer, and waits for a run that has it, ms. Throws UserError when those that answer
 * are no majority, when the other run keeps it, and when this one is stopped.
 */
export async function takeLock(
  taking: Taking,
  { waitMs = 300_000, pollMs = 2000 }: { readonly waitMs?: number | undefined; readonly pollMs?: number | undefined },
): Promise<Taken> {
  const { run, voters } = taking
  const began = performance.now()
  let told: string | undefined
  for (;;) {
    if (run.stop.aborted) throw stopped(voters)
    const tried = await attemptLock(taking, told !== undefined).catch(error => {
      throw run.stop.aborted ? stopped(voters) : error
    })
    if (!('heldBy' in tried)) return tried
    if (run.stop.aborted) throw stopped(voters)
    const { heldBy: voter, state } = tried
    const name = state.holder === undefined ? 'another run' : describeHolder(state.holder)
    if (performance.now() - began >= waitMs) throw new UserError(held(voter, name, waitMs))
    if (told !== name) run.emit({ type: 'lock:wait', host: voter, holder: name })
    told = name
    await sleep(pollMs, undefined, { signal: run.stop }).catch(() => undefined)
  }
}

function held(host: string, name: string, waitMs: number) {
  return {
    where: host,
    problem: 'Another run works on this cluster',
    expected: waitMs === 0 ? 'a free lock' : `a free lock within ${Math.round(waitMs / 1000)} s`,
    came: `a lock of ${name}`,
    next: 'Wait until that run has ended, then start this one again.',
  }
}

function stopped(voters: readonly string[]): UserError {
  const problem = 'Stopped while waiting for the run lock; nothing was written'
  return new UserError({ where: voters.join(', '), problem }, { exitCode: exitCodes.cancelled })
}
