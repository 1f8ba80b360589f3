import type { Event } from '../core/index.ts'

/** Shows the events of a run when they happen. */
export interface Reporter {
  show(event: Event): void
  /** Leaves the terminal free for a question; events are still counted. */
  pause(): void
  resume(): void
  /** Called after the last event. */
  end(): void
}

/** Feeds a reporter until the stream ends. */
export async function report(events: AsyncIterable<Event>, reporter: Reporter): Promise<void> {
  try {
    for await (const event of events) reporter.show(event)
  } finally {
    reporter.end()
  }
}
