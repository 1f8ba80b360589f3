import { type Event, redact, unsafeCharacters } from '../core/index.ts'
import type { Reporter } from './reporter.ts'

/** How often these come depends on how long a run takes; all others are a few a task. */
const endless: ReadonlySet<Event['type']> = new Set(['task:output', 'exchange'])

/**
 * NDJSON: every event as it is, one a line. While `isBehind` says that the reader does not keep up, events without an end
 * in number are left out: what waits for it is bounded then by the size of the cluster.
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
 * A value as one line of JSON that may be shown on a terminal: Secrets are masked in each text before it is JSON, where
 * quotes and line breaks look different (not in names of fields: they are of evcctl, and a password may be one of them), and characters that are not safe to show are written as escapes, which is the same
 * to a program that reads it.
 */
export function jsonLine(value: unknown): string {
  const text = JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'string' ? redact(inner) : inner))
  return text.replace(unsafeCharacters, character =>
    // Escapes of JSON are of UTF-16, in which tags have two.
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join(''),
  )
}
