import { endOf } from '../../core/cut.ts'
import { UserError } from '../../core/errors.ts'
import type { ProbeResult } from '../../core/resource.ts'
import { quote } from '../../shell/quote.ts'

/**
 * Parses the `key=value` lines of a probe; the last line of a key counts. Throws UserError when one of `needed` is missing:
 * then the probe itself did not work.
 */
export function fieldsOf(raw: ProbeResult, needed: readonly string[] = []): ReadonlyMap<string, string> {
  const fields = new Map<string, string>()
  for (const line of raw.stdout.split('\n')) {
    const at = line.indexOf('=')
    if (at > 0) fields.set(line.slice(0, at), line.slice(at + 1))
  }
  const missing = needed.filter(key => !fields.has(key))
  if (missing.length > 0) throw unreadable(raw, `a line each for ${missing.join(', ')}`)
  return fields
}

/** The values of the lines `key=…` of a key that may occur many times. */
export function linesOf(raw: ProbeResult, key: string): readonly string[] {
  const prefix = `${key}=`
  return raw.stdout
    .split('\n')
    .filter(line => line.startsWith(prefix))
    .map(line => line.slice(prefix.length))
}

/**
 * Shell lines that print a line `<key>=…` for each line of a small file that is no comment (`#`, `;`), without a process.
 * Only for small files of evcctl's own, since the shell reads them byte by byte.
 */
export function printSettings(key: string, file: string): string {
  return `if [ -f ${quote(file)} ]; then
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in '' | [#\\;]*) ;; *) printf '${key}=%s\\n' "$line" ;; esac
  done <${quote(file)}
fi
`
}

/** The error of a probe whose output lacks a part that a working probe always prints. */
export function unreadable(raw: ProbeResult, expected: string): UserError {
  const said = raw.stderr.trim() || raw.stdout.trim() || 'nothing'
  return new UserError({
    problem: 'The current state could not be read.',
    expected,
    actual: `exit code ${raw.exitCode}: ${endOf(said, 2000)}`,
    next: 'Check that the core tools (stat, sha256sum, systemctl) are on the host and its file system is not damaged.',
  })
}
