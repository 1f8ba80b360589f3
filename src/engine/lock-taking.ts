import { setTimeout as sleep } from 'node:timers/promises'
import { exitCodes, UserError } from '../core/errors.ts'
import { attemptLock, type Taken } from './lock-attempt.ts'
import { claimsOf } from './lock-claims.ts'
import { heldByOther, heldElsewhere } from './lock-errors.ts'
import { describeHolder, type LockState } from './lock-state.ts'
import { isElsewhere, type Taking } from './lock-voters.ts'

/**
 * Takes the lock on all voters that answer. If another run has it, tries again every `pollMs` for `waitMs`. Throws UserError
 * when no majority can be used, when the other run still has the lock after that time, and when this run is stopped.
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
    const name = nameOf(state)
    if (performance.now() - began >= waitMs) {
      const error = await held(taking, voter, state, waitMs)
      throw run.stop.aborted ? stopped(voters) : error
    }
    if (told !== name) run.emit({ type: 'lock:wait', host: voter, holder: name })
    told = name
    await sleep(pollMs, undefined, { signal: run.stop }).catch(() => undefined)
  }
}

// Nobody can tell a run with another list of hosts from a host that makes one up, so it is never passed over: people have to decide.
async function held(taking: Taking, host: string, state: LockState, waitMs: number): Promise<UserError> {
  const { holder, paths, voters } = taking
  if (!isElsewhere(state, holder)) return heldByOther(host, nameOf(state), waitMs)
  const claims = await claimsOf(taking, host)
  return heldElsewhere(host, nameOf(state), { waitMs, paths, voters, claims })
}

function nameOf({ holder }: LockState): string {
  return holder === undefined ? 'another run' : describeHolder(holder)
}

function stopped(voters: readonly string[]): UserError {
  const problem = 'The run was stopped while it waited for the run lock; nothing was written'
  return new UserError({ where: voters.join(', '), problem }, { exitCode: exitCodes.cancelled })
}
