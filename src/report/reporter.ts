import type { Event } from '../core/index.ts'

/** Shows the events of a run as they come. */
export interface Reporter {
  show(event: Event): void
  /** Leaves the terminal to a question; events go on being counted. */
  pause(): void
  resume(): void
  /** Nothing more comes. */
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
