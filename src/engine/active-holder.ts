import { isDeadHere } from './controller.ts'
import { type LockHolder, type LockState, staleAfterMs, votersDigest } from './lock-state.ts'

/** Who works on the cluster right now: the holder, unless it is dead or has given no sign for 60 s. */
export function activeHolder(state: LockState): LockHolder | undefined {
  const { holder, heartbeatAgeMs } = state
  return holder === undefined || heartbeatAgeMs > staleAfterMs || isDeadHere(holder) ? undefined : holder
}

/** Whether a living holder has the lock of other hosts than these: a run with another cluster.yaml. */
export function isKeptElsewhere(state: LockState, voters: readonly string[]): boolean {
  const holder = activeHolder(state)
  return holder?.voters !== undefined && holder.voters !== votersDigest(voters)
}
