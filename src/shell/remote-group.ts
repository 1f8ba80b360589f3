import { ProtocolError } from './protocol-error.ts'

/** The process group of an exchange, for ending it from a second channel. Start time in clock ticks since boot, as in /proc/<pid>/stat. */
export interface RemoteGroup {
  readonly pid: number
  readonly start: string
  readonly group: number
}

/**
 * Reads the process group that a shell announced. The words become part of the script that ends the group, so only
 * numbers are accepted, and not group 1, which would be every process on the host. Raises ProtocolError.
 */
export function remoteGroup(pid = '', start = '', group = ''): RemoteGroup {
  if (![pid, start, group].every(word => /^\d{1,20}$/.test(word)) || Number(group) < 2)
    throw new ProtocolError('the shell does not say where it runs')
  return { pid: Number(pid), start, group: Number(group) }
}
