import { HostError } from '../core/errors.ts'
import { limits } from '../core/limits.ts'
import { type Attendance, Company } from './company.ts'
import { connect, stoppedBefore } from './exchange.ts'
import { Lanes } from './lanes.ts'
import { isStopping, type Run } from './run.ts'

/**
 * Reads all hosts, as many at a time as the run allows. Connecting does not count, so that hosts that are off delay nobody. A
 * host that fails is reported and returned. If a connection is lost, the work is done once more: reading twice does no harm. A
 * host that is much slower than the others is given up: its answer is ignored, and the work has to end when the signal of its
 * attendance is aborted.
 */
export async function forEachHost<T, R>(
  hosts: Iterable<readonly [string, T]>,
  run: Run,
  work: (host: string, value: T, attendance: Attendance) => Promise<R>,
): Promise<{ readonly read: ReadonlyMap<string, R>; readonly failed: ReadonlyMap<string, HostError> }> {
  const lanes = new Lanes(run.parallel)
  const list = [...hosts]
  const company = new Company(list.length, run.patience ?? limits)
  const read = new Map<string, R>()
  const failed = new Map<string, HostError>()
  const attend = async (host: string, value: T): Promise<void> => {
    try {
      read.set(
        host,
        await company.attend(host, async attendance => {
          if (isStopping(run)) throw stoppedBefore(host)
          await connect(run, host)
          return lanes.run(host, () => twice(run, host, () => work(host, value, attendance)))
        }),
      )
    } catch (error) {
      if (!(error instanceof HostError)) throw error
      failed.set(host, error)
      // If the run stops before the turn of a host, the host has not failed.
      if (error.kind !== 'cancelled') run.emit({ type: 'host:failed', host, error: error.details })
    }
  }
  await Promise.all(list.map(([host, value]) => attend(host, value)))
  // In the order of the hosts, not of their answers or failures, so that two runs report the same.
  return { read: inOrder(list, read), failed: inOrder(list, failed) }
}

async function twice<R>(run: Run, host: string, work: () => Promise<R>): Promise<R> {
  for (let again = false; ; again = true) {
    if (isStopping(run)) throw stoppedBefore(host)
    try {
      return await work()
    } catch (error) {
      if (again || !(error instanceof HostError) || error.kind !== 'lost') throw error
    }
  }
}

function inOrder<R>(
  hosts: readonly (readonly [string, unknown])[],
  found: ReadonlyMap<string, R>,
): ReadonlyMap<string, R> {
  return new Map(hosts.flatMap(([host]) => (found.has(host) ? [[host, found.get(host)!] as const] : [])))
}
