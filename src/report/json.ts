import { type Event, redact, unsafeCharacters } from '../core/index.ts'
import type { Reporter } from './reporter.ts'

/** The number of these events grows with the duration of a run; all other kinds are a few for each task. */
const endless: ReadonlySet<Event['type']> = new Set(['task:output', 'exchange'])

/**
 * NDJSON: every event unchanged, one on each line. While `isBehind` says that the reader does not keep up, the kinds of
 * events that grow with the duration of the run are left out. The size of the cluster then bounds the waiting output.
 */
export function jsonReporter(write: (text: string) => unknown, isBehind: () => boolean = () => false): Reporter {
  return {
    show(event: Event) {
      if (!endless.has(event.type) || !isBehind()) write(`${jsonLine(event)}\n`)
    },
    pause() {},
    resume() {},
    end() {},
  }
}

/**
 * Formats a value as one line of JSON that is safe to show on a terminal. Secrets are masked in each text before it
 * becomes JSON, since JSON writes quotes and line breaks differently. Field names are not masked: evcctl chooses them, and
 * a password may equal one of them. Unsafe characters are written as escapes, which a program reads as the same text.
 */
export function jsonLine(value: unknown): string {
  const text = JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'string' ? redact(inner) : inner))
  return text.replace(unsafeCharacters, character =>
    // JSON escapes are UTF-16 units, and a tag character (U+E0000 and above) has two of them.
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join(''),
  )
}
