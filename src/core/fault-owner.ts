import { AsyncLocalStorage } from 'node:async_hooks'

type Owner = (error: unknown) => void

const owners = new AsyncLocalStorage<Owner>()

/**
 * Runs `work`. An exception that nobody catches in it, or in timers and ticks that it begins, is handed to `owner`. So a
 * mistake in reading the output of one host ends the connection to that host, and not the run.
 */
export function withFaultOwner<T>(owner: Owner, work: () => T): T {
  return owners.run(owner, work)
}

/** Hands an exception that nobody caught to its owner. False where it has none. To be called where it is reported. */
export function handToOwner(error: unknown): boolean {
  const owner = owners.getStore()
  if (owner === undefined) return false
  owner(error)
  return true
}
