import type { LocalHosts } from '../../../src/local/hosts.ts'

/** Path → type, mode, owner, size, inode, times of content and inode, link target. The inode's time cannot be set back. */
export type FileSystem = ReadonlyMap<string, string>

/** What changes on a host by itself, or by being logged into: kernel, journals, login records, sessions, sudo's stamps. */
const volatile = [
  '/proc',
  '/sys',
  '/dev',
  '/run/log',
  '/run/motd.dynamic',
  '/run/sudo',
  '/run/systemd',
  '/run/user',
  '/run/utmp',
  '/tmp/systemd-private-*',
  '/var/lib/lastlog',
  '/var/lib/systemd/timers',
  '/var/log',
]

const pattern = volatile.map(path => `-path '${path}'`).join(' -o ')
// A folder's own times and size change with the volatile entries in it; that a file was added or removed shows anyway.
const script = `find / \\( ${pattern} \\) -prune -o -type d -printf '%p\\t%y %m %U:%G %i\\0' \
-o -printf '%p\\t%y %m %U:%G %s %i %T@ %C@ %l\\0'`

/** Takes stock of a host's files, to prove later that nothing was written. Reads only. */
export async function fileSystem(hosts: LocalHosts, name: string): Promise<FileSystem> {
  const { stdout, stderr, exitCode } = await hosts.exec(name, script)
  if (exitCode !== 0) throw new Error(`find on ${name} exited with ${exitCode}: ${stderr}`)
  const entries = stdout.split('\0').filter(entry => entry !== '')
  return new Map(entries.map(entry => [entry.slice(0, entry.indexOf('\t')), entry.slice(entry.indexOf('\t') + 1)]))
}

/** The paths that were created, changed or removed between two stocktakings, sorted. */
export function writtenPaths(before: FileSystem, after: FileSystem): string[] {
  const paths = new Set([...before.keys(), ...after.keys()])
  return [...paths].filter(path => before.get(path) !== after.get(path)).sort()
}
