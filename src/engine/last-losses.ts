import { historiesOf, mergeHistory } from './host-record.ts'
import type { HostHistory } from './journal-hosts.ts'

export interface LossQuestion {
  readonly cluster: string
  /** Hosts that do not answer now. */
  readonly hosts: readonly string[]
  /** Folders of journals; see journalFolder(). One that is not there is empty. */
  readonly folders: readonly string[]
  /** Name of the run that asks: its own journal says nothing yet. */
  readonly except: string
}

/** A host that fell silent while it was written to. */
export interface LostHost {
  /** Name of the run that wrote to it. */
  readonly run: string
  /** The hosts that got everything that this run sent to the lost one and reported it as changed, so they are well with it. */
  readonly proven: ReadonlySet<string>
}

/**
 * The hosts that fell silent while a run of this machine wrote to them, and that no run has read completely since then. It
 * knows only the journals of this machine, with those that were removed after they were recorded.
 */
export function lostWhileWritten({ cluster, hosts, folders, except }: LossQuestion): ReadonlyMap<string, LostHost> {
  const known = folders.map(folder => historiesOf(folder, cluster, except).hosts)
  const lost = new Map<string, LostHost>()
  for (const host of hosts) {
    const histories = known.map(one => one.get(host)).filter(one => one !== undefined)
    const { lost: loss, readAt = 0 } = histories.reduce<HostHistory>(mergeHistory, {})
    if (loss !== undefined && loss.at >= readAt) lost.set(host, { run: loss.run, proven: new Set(loss.proven) })
  }
  return lost
}
