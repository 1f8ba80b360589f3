import { endOf } from '../../core/cut.ts'
import { UserError } from '../../core/errors.ts'
import type { ProbeResult } from '../../core/resource.ts'
import { quote } from '../../shell/quote.ts'

/**
 * The `key=value` lines that a probe printed; of a key that comes twice the last line counts.
 * Throws UserError when one of `needed` is missing: then the probe itself did not work.
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

/** The lines `key=…` of a key that may come many times. */
export function linesOf(raw: ProbeResult, key: string): readonly string[] {
  const prefix = `${key}=`
  return raw.stdout
    .split('\n')
    .filter(line => line.startsWith(prefix))
    .map(line => line.slice(prefix.length))
}

/**
 * Shell lines that print a line `<key>=…` for each line of a small file that is no comment (`#`, `;`), without a process.
 * The file is one of evcctl's own: the shell reads it byte by byte.
 */
export function printSettings(key: string, file: string): string {
  return `if [ -f ${quote(file)} ]; then
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in '' | [#\\;]*) ;; *) printf '${key}=%s\\n' "$line" ;; esac
  done <${quote(file)}
fi
`
}

/** The error of a probe that did not print what it prints wherever it works. */
export function unreadable(raw: ProbeResult, expected: string): UserError {
  const said = raw.stderr.trim() || raw.stdout.trim() || 'nothing'
  return new UserError({
    problem: 'The current state could not be read.',
    expected,
    actual: `exit code ${raw.exitCode}: ${endOf(said, 2000)}`,
    next: 'Is a core tool (stat, sha256sum, systemctl) missing on the host, or its file system damaged?',
  })
}
