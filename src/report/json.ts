import { type Event, redact, unsafeCharacters } from '../core/index.ts'
import type { Reporter } from './reporter.ts'

/** NDJSON: every event as it is, one a line. */
export function jsonReporter(write: (text: string) => unknown): Reporter {
  return {
    show: (event: Event) => write(`${jsonLine(event)}\n`),
    pause() {},
    resume() {},
    end() {},
  }
}

/**
 * A value as one line of JSON that may be shown on a terminal: Secrets are masked in each text before it is JSON, where
 * quotes and line breaks look different, and characters that are not safe to show are written as escapes, which is the same
 * to a program that reads it.
 */
export function jsonLine(value: unknown): string {
  const text = JSON.stringify(value, (_, inner: unknown) => masked(inner))
  return text.replace(unsafeCharacters, character =>
    // Escapes of JSON are of UTF-16, in which tags have two.
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join(''),
  )
}

function masked(value: unknown): unknown {
  if (typeof value === 'string') return redact(value)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [redact(name), inner]))
}
