import { HostError } from '../core/errors.ts'
import { isKeptElsewhere } from './active-holder.ts'
import type { Claims } from './lock-errors.ts'
import { readLock } from './lock-exchange.ts'
import { voterPatienceMs } from './lock-reach.ts'
import type { Taking } from './lock-voters.ts'

/**
 * Asks all voters and witnesses who has the lock, `claimant` being the one that keeps it for a run with another list of hosts. It only
 * reads, for an error message: whatever they answer, the lock is not taken.
 */
export async function claimsOf({ voters, witnesses, run, paths }: Taking, claimant: string): Promise<Claims> {
  const hosts = [...voters, ...witnesses]
  const answers = new Map(
    await Promise.all(
      hosts.map(async host => {
        try {
          const state = await readLock(host, run, paths, voterPatienceMs(run))
          return [host, host === claimant || isKeptElsewhere(state, voters)] as const
        } catch (error) {
          if (!(error instanceof HostError)) throw error
          return [host, host === claimant ? true : undefined] as const
        }
      }),
    ),
  )
  const having = (answer: boolean | undefined) => hosts.filter(host => answers.get(host) === answer)
  return { by: having(true), notBy: having(false), silent: having(undefined) }
}
