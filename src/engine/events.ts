import type { Emit, Event, EventBody } from '../core/event.ts'
import { Secret } from '../core/secret.ts'
import { clean } from './text.ts'

/** The events of one run, for any number of readers. */
export interface EventStream {
  /** Adds an event: gives it its time, masks Secrets and takes control characters out. After `end` it does nothing. */
  readonly emit: Emit
  /**
   * A reader of all events from this call on, each at its own pace. An event is kept only until the slowest reader has
   * seen it; a reader that returns early keeps nothing. Output lines are throttled at their source, all other events are
   * a few a task, so what a slow reader leaves in memory is bounded by the size of the graph.
   */
  events(): AsyncIterableIterator<Event>
  /** Ends all readers once they have seen everything. */
  end(): void
}

/** A chain instead of a queue a reader: what all readers have passed is garbage by itself. */
interface Link {
  next: { readonly event: Event; readonly link: Link } | undefined
}

/** Creates the stream of a run. A tap gets every event at once, before emit returns: the journal, so that a crash loses nothing. */
export function createEventStream(...taps: readonly ((event: Event) => void)[]): EventStream {
  let tail: Link = { next: undefined }
  let ended = false
  let wake = Promise.withResolvers<void>()
  const wakeAll = () => {
    wake.resolve()
    wake = Promise.withResolvers<void>()
  }
  return {
    emit(body) {
      if (ended) return
      const event = { at: Date.now(), ...(sanitize(body) as EventBody) } as Event
      for (const tap of taps) tap(event)
      const link: Link = { next: undefined }
      tail.next = { event, link }
      tail = link
      wakeAll()
    },
    // Not a generator function: the reader begins at this call, not at its first next().
    events() {
      return read(tail, async () => {
        if (ended) return false
        await wake.promise
        return true
      })
    },
    end() {
      ended = true
      wakeAll()
    },
  }
}

async function* read(start: Link, more: () => Promise<boolean>): AsyncGenerator<Event, void> {
  let link = start
  for (;;) {
    while (link.next !== undefined) {
      const { event } = link.next
      link = link.next.link
      yield event
    }
    if (!(await more()) && link.next === undefined) return
  }
}

function sanitize(value: unknown): unknown {
  if (typeof value === 'string') return clean(value)
  if (value instanceof Secret) return value.toString()
  if (Array.isArray(value)) return value.map(sanitize)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, sanitize(inner)]))
}
