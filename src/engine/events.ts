import { withoutCredentials } from '../core/credentials.ts'
import type { Emit, Event, EventBody } from '../core/event.ts'
import { Secret } from '../core/secret.ts'
import { presentableText, shownDetails } from '../core/shown.ts'
import { clean } from './text.ts'

/** The events of one run, for any number of readers. */
export interface EventStream {
  /** Adds an event: gives it its time, masks Secrets and takes control characters out. After `end` it does nothing. */
  readonly emit: Emit
  /**
   * Returns a reader of all events from this call on. Each reader has its own pace. An event is kept only until the slowest
   * reader has seen it; a reader that returns early keeps nothing. Output lines are throttled at their source, and each task
   * has only a few other events, so the size of the graph bounds what a slow reader leaves in memory.
   */
  events(): AsyncIterableIterator<Event>
  /** Ends all readers once they have seen everything. */
  end(): void
}

/** A link of the chain that all readers follow. No reader needs a queue, and nothing keeps a link that all have passed. */
interface Link {
  next: { readonly event: Event; readonly link: Link } | undefined
}

/** Gets every event before emit returns. The journal is one, so that a crash loses nothing. */
export interface Tap {
  /** What notes call it, e.g. `The journal of this run`. */
  readonly name: string
  take(event: Event): void
}

/**
 * Creates the stream of a run. A tap that throws gets no more events, and a note says so: an observer must not end the run.
 */
export function createEventStream(...given: readonly Tap[]): EventStream {
  const taps = new Set(given)
  let tail: Link = { next: undefined }
  let ended = false
  let wake = Promise.withResolvers<void>()
  const wakeAll = () => {
    wake.resolve()
    wake = Promise.withResolvers<void>()
  }
  const emit = (body: EventBody): void => {
    if (ended) return
    const event = { at: Date.now(), ...(sanitize(presentable(body)) as EventBody) } as Event
    const failed = [...taps].flatMap(tap => failureOf(tap, event) ?? [])
    const link: Link = { next: undefined }
    tail.next = { event, link }
    tail = link
    wakeAll()
    for (const { tap } of failed) taps.delete(tap)
    for (const { tap, reason } of failed) emit({ type: 'note', text: `${tap.name} ends here: ${reason}` })
  }
  return {
    emit,
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

function failureOf(tap: Tap, event: Event): { readonly tap: Tap; readonly reason: string } | undefined {
  try {
    tap.take(event)
    return undefined
  } catch (error) {
    return { tap, reason: error instanceof Error ? error.message : String(error) }
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

// What is on a host and what its programs print may hold a password that is no Secret, and the errors of hosts may be long.
function presentable(body: EventBody): EventBody {
  if (body.type === 'host:failed') return { ...body, error: shownDetails(body.error) }
  if (body.type === 'note') return { ...body, text: presentableText(body.text) }
  if (body.type !== 'task:end') return body
  const { change, error } = body
  return {
    ...body,
    ...(change === undefined ? {} : { change: withoutCredentials(change) }),
    ...(error === undefined ? {} : { error: shownDetails(error) }),
  }
}

function sanitize(value: unknown): unknown {
  if (typeof value === 'string') return clean(value)
  if (value instanceof Secret) return value.toString()
  if (Array.isArray(value)) return value.map(sanitize)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, sanitize(inner)]))
}
