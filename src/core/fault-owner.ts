import { AsyncLocalStorage } from 'node:async_hooks'

type Owner = (error: unknown) => void

const owners = new AsyncLocalStorage<Owner>()

/**
 * Runs `work`. If nobody catches an exception in it, or in a timer or tick that it starts, `owner` gets the exception. So a
 * programming error in reading the output of one host ends the connection to that host, and not the run.
 */
export function withFaultOwner<T>(owner: Owner, work: () => T): T {
  return owners.run(owner, work)
}

/** Runs `work` for somebody else: its exceptions are no fault of the owner in whose time it begins. */
export function withoutFaultOwner<T>(work: () => T): T {
  return owners.exit(work)
}

/** Gives an exception that nobody caught to its owner; returns false if it has none. For the handler of uncaught exceptions. */
export function handToOwner(error: unknown): boolean {
  const owner = owners.getStore()
  if (owner === undefined) return false
  owner(error)
  return true
}
