import { ProtocolError } from './protocol-error.ts'

/** Where the exchange can be ended from a second channel. Start time in clock ticks since boot, as in /proc/<pid>/stat. */
export interface RemoteGroup {
  readonly pid: number
  readonly start: string
  readonly group: number
}

/**
 * Where a shell said that it runs. The words go into the script that ends it, so nothing but numbers is taken; group 1
 * would be all that runs on the host. Raises ProtocolError.
 */
export function remoteGroup(pid = '', start = '', group = ''): RemoteGroup {
  if (![pid, start, group].every(word => /^\d{1,20}$/.test(word)) || Number(group) < 2)
    throw new ProtocolError('the shell does not say where it runs')
  return { pid: Number(pid), start, group: Number(group) }
}
