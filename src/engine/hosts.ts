import { HostError } from '../core/errors.ts'
import { stoppedBefore } from './exchange.ts'
import { Lanes } from './lanes.ts'
import { isStopping, type Run } from './run.ts'

/**
 * Does read-only work on every host at once, as many as the run allows. A host that fails is reported and returned, and a
 * connection that got lost is given one more try: reading twice does no harm.
 */
export async function forEachHost<T>(
  hosts: Iterable<readonly [string, T]>,
  run: Run,
  work: (host: string, value: T) => Promise<void>,
): Promise<{ failed: ReadonlyMap<string, HostError> }> {
  const lanes = new Lanes(run.parallel)
  const failed = new Map<string, HostError>()
  const read = async (host: string, value: T) => {
    for (let again = false; ; again = true) {
      try {
        if (isStopping(run)) throw stoppedBefore(host)
        return await work(host, value)
      } catch (error) {
        if (!(error instanceof HostError)) throw error
        if (error.kind === 'lost' && !again) continue
        failed.set(host, error)
        // A host that was not begun with because the run stops has not failed.
        if (error.kind !== 'cancelled') run.emit({ type: 'host:failed', host, error: error.details })
        return
      }
    }
  }
  const list = [...hosts]
  await Promise.all(list.map(([host, value]) => lanes.run(host, () => read(host, value))))
  // In the order of the hosts, not of their failures, so that two runs tell the same.
  return { failed: new Map(list.flatMap(([host]) => (failed.has(host) ? [[host, failed.get(host)!] as const] : []))) }
}
