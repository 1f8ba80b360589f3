/** What a person needs to act on an error. Only `problem` is mandatory; every other line is left out when empty. */
export interface ErrorDetails {
  /** Where it happened: `cluster.yaml:14:7 spec.hosts[1].adress`, `w1 (192.0.2.21:22)`, `--parallel`. */
  readonly where?: string
  /** One sentence: what is wrong. */
  readonly problem: string
  /** What was expected. */
  readonly expected?: string
  /** What was there instead. */
  readonly actual?: string
  /** What to do next; a command that can be copied, where there is one. */
  readonly next?: string
  /** Lines of a file with the place marked, e.g. of cluster.yaml. */
  readonly excerpt?: string
}

/** The lines of an error as a person reads them, without colour. */
export function formatError(details: ErrorDetails): string {
  const separator = details.excerpt === undefined ? ': ' : '\n  '
  const lines = [details.where === undefined ? details.problem : `${details.where}${separator}${details.problem}`]
  if (details.expected !== undefined) lines.push(`  expected  ${indent(details.expected)}`)
  if (details.actual !== undefined) lines.push(`  actual    ${indent(details.actual)}`)
  if (details.excerpt !== undefined) lines.push(`  ${details.excerpt.replaceAll('\n', '\n  ')}`)
  if (details.next !== undefined) lines.push(`  ${details.next.replaceAll('\n', '\n  ')}`)
  return lines.join('\n')
}

function indent(text: string): string {
  return text.replaceAll('\n', '\n            ')
}
