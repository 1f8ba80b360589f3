import { beginningOf } from './cut.ts'
import type { ErrorDetails } from './error-details.ts'
import type { FieldChange } from './resource.ts'
import { redact } from './secret.ts'

// More than anybody reads; how much a host says is up to it.
const mostLines = 200
const mostCharacters = 16_000
const mostFields = 100

/** The first `most` of a list, then how many more there are: the list of a host has as many as it likes. */
export function firstOf(list: readonly string[], most: number): readonly string[] {
  // One more line is no longer than the line that tells of it; so what was cut before stays as it is.
  return list.length <= most + 1 ? list : [...list.slice(0, most), `and ${list.length - most} more`]
}

/** An error with as much in each of its parts as a person or a program can make use of. */
export function boundedDetails(details: ErrorDetails): ErrorDetails {
  return Object.fromEntries(
    Object.entries(details).map(([part, text]) => [part, typeof text === 'string' ? boundedText(text) : text]),
  ) as unknown as ErrorDetails
}

function boundedText(text: string): string {
  if (text.length <= mostCharacters && !text.includes('\n')) return text
  const lines = firstOf(text.split('\n'), mostLines).join('\n')
  const more = '\n… and more'
  if (lines.length > mostCharacters) return `${beginningOf(lines, mostCharacters - more.length)}${more}`
  // A Secret of several lines may have some of them on either side.
  return lines.length < text.length ? redact(lines) : lines
}

/** As many fields of a change as are told; the last one says how many more there are. */
export function boundedFields(fields: readonly FieldChange[]): readonly FieldChange[] {
  if (fields.length <= mostFields + 1) return fields
  return [...fields.slice(0, mostFields), { field: `and ${fields.length - mostFields} more` }]
}
