import { setTimeout as sleep } from 'node:timers/promises'
import { exitCodes, UserError } from '../core/errors.ts'
import { attemptLock, type Taken } from './lock-attempt.ts'
import { describeHolder, type LockState } from './lock-state.ts'
import type { Taking } from './lock-voters.ts'

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
    const name = state.holder === undefined ? 'another run' : describeHolder(state.holder)
    if (performance.now() - began >= waitMs) throw new UserError(held(voter, name, waitMs, otherList(taking, state)))
    if (told !== name) run.emit({ type: 'lock:wait', host: voter, holder: name })
    told = name
    await sleep(pollMs, undefined, { signal: run.stop }).catch(() => undefined)
  }
}

// The folder to remove if the holder has the lock of another list of hosts: such a run may no longer exist.
function otherList({ holder, paths }: Taking, state: LockState): string | undefined {
  const { voters } = state.holder ?? {}
  return voters === undefined || voters === holder.voters ? undefined : `${paths.run}/lock`
}

function held(host: string, name: string, waitMs: number, folder: string | undefined) {
  const wait = 'Wait until that run has ended, then start this one again.'
  return {
    where: host,
    problem: 'Another run works on this cluster',
    expected: waitMs === 0 ? 'a free lock' : `a free lock within ${Math.round(waitMs / 1000)} s`,
    actual: `a lock of ${name}`,
    next:
      folder === undefined
        ? wait
        : `${wait} Its cluster.yaml has other control plane nodes than this one. If there is no such run: ssh ${host} sudo rm -rf ${folder}`,
  }
}

function stopped(voters: readonly string[]): UserError {
  const problem = 'The run was stopped while it waited for the run lock; nothing was written'
  return new UserError({ where: voters.join(', '), problem }, { exitCode: exitCodes.cancelled })
}
