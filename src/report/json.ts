import { type Event, redact } from '../core/index.ts'
import type { Reporter } from './reporter.ts'

/** NDJSON: every event as it is, one a line. Secrets serialise to their label; what slipped into a text is masked. */
export function jsonReporter(write: (text: string) => unknown): Reporter {
  return {
    show: (event: Event) => write(`${redact(JSON.stringify(event))}\n`),
    pause() {},
    resume() {},
    end() {},
  }
}
