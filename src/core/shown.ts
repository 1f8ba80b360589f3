import { hidden } from './credential-line.ts'
import { hideInUrls } from './credential-names.ts'
import { hideInOutput } from './credential-text.ts'
import { beginningOf } from './cut.ts'
import type { ErrorDetails } from './error-details.ts'
import type { FieldChange } from './resource.ts'
import { redact } from './secret.ts'

// More than anybody reads. There have to be bounds, because a host may send as much as it likes.
const mostLines = 200
const mostCharacters = 16_000
const mostFields = 100

/** The first `most` entries of a list, then how many more there are. */
export function firstOf(list: readonly string[], most: number): readonly string[] {
  // A single further entry takes as much room as a line about it. So a list that was cut before stays as it is.
  return list.length <= most + 1 ? list : [...list.slice(0, most), `and ${list.length - most} more`]
}

/** An error with each of its parts cut to a length that is still useful. */
export function boundedDetails(details: ErrorDetails): ErrorDetails {
  return Object.fromEntries(
    Object.entries(details).map(([part, text]) => [part, typeof text === 'string' ? boundedText(text) : text]),
  ) as unknown as ErrorDetails
}

/**
 * An error in a form that may be shown: bounded, and without credentials in what was found. The other parts are evcctl's own words, in
 * which only URLs are searched: who puts a text of a host into one of these hides its credentials there (presentableText).
 */
export function shownDetails(details: ErrorDetails): ErrorDetails {
  const bounded = boundedDetails(details)
  const { problem, expected, actual } = bounded
  const own = (text: string) => hideInUrls(text, () => hidden)
  return {
    ...bounded,
    problem: own(problem),
    ...(expected === undefined ? {} : { expected: own(expected) }),
    ...(actual === undefined ? {} : { actual: presentableText(actual) }),
  }
}

/** A text with words of a host in it, without credentials and terminal sequences. One of these may stand within the name of a credential. */
export function presentableText(text: string): string {
  return hideInOutput(beginningOf(text, text.length))
}

function boundedText(text: string): string {
  if (text.length <= mostCharacters && !text.includes('\n')) return text
  const lines = firstOf(text.split('\n'), mostLines).join('\n')
  const more = '\n… and more'
  if (lines.length > mostCharacters) return `${beginningOf(lines, mostCharacters - more.length)}${more}`
  // The cut may lie between two lines of a Secret.
  return lines.length < text.length ? redact(lines) : lines
}

/** The first fields of a change. If others are left out, the last field says how many. */
export function boundedFields(fields: readonly FieldChange[]): readonly FieldChange[] {
  if (fields.length <= mostFields + 1) return fields
  return [...fields.slice(0, mostFields), { field: `and ${fields.length - mostFields} more` }]
}
