import type { ErrorDetails } from './error-details.ts'
import type { Change } from './resource.ts'
import type { TaskId } from './task-id.ts'
import type { Summary, TaskResult } from './verdict.ts'

/**
 * What a run reports while it works. `at` is ms since the epoch. Events are plain data: the terminal, the plain log, NDJSON
 * and the journal all get the same ones. The emitter redacts their texts; a Secret inside a Change serialises to its label.
 */
export type Event = { readonly at: number } & (
  | {
      readonly type: 'run:start'
      readonly run: string
      readonly command: string
      readonly cluster: string
      readonly hosts: readonly string[]
    }
  | { readonly type: 'host:connected'; readonly host: string; readonly ms: number }
  | { readonly type: 'host:failed'; readonly host: string; readonly error: ErrorDetails }
  | {
      readonly type: 'exchange'
      readonly host: string
      readonly jobs: number
      readonly probes: number
      readonly ms: number
      /** No complete answer arrived. */
      readonly failed?: true
    }
  | { readonly type: 'lock:wait'; readonly host: string; readonly holder: string }
  | { readonly type: 'lock:taken'; readonly host: string; readonly from?: string }
  | { readonly type: 'lock:released'; readonly host: string }
  | {
      readonly type: 'plan:ready'
      readonly toChange: number
      readonly unknown: number
      readonly inDesiredState: number
      /** How many tasks of each role change on each host, or may; roles are in graph order. */
      readonly stages?: readonly { readonly role: string; readonly hosts: Readonly<Record<string, number>> }[]
    }
  /** The tasks of a host that change now, or may; once a host, before `apply:start`. */
  | { readonly type: 'host:planned'; readonly host: string; readonly tasks: readonly TaskId[] }
  /** From here on the run writes to hosts. */
  | { readonly type: 'apply:start' }
  /** A task's steps were sent; `task:start` follows when they begin on the host. */
  | {
      readonly type: 'task:queued'
      readonly task: TaskId
      readonly host: string
      readonly role: string
      readonly title: string
    }
  | {
      readonly type: 'task:start'
      readonly task: TaskId
      readonly host: string
      readonly role: string
      readonly title: string
    }
  /** The last line that a running step printed; at most a few a second. */
  | { readonly type: 'task:output'; readonly task: TaskId; readonly line: string }
  | {
      readonly type: 'task:end'
      readonly task: TaskId
      readonly host: string
      readonly role: string
      readonly title: string
      readonly result: TaskResult
      /** Duration on the host, ms; 0 when nothing ran. */
      readonly ms: number
      readonly change?: Change
      readonly error?: ErrorDetails
      /** For `skipped`: the task whose failure is the cause. */
      readonly because?: TaskId
    }
  | { readonly type: 'value:making'; readonly host: string; readonly name: string }
  | { readonly type: 'value:revoked'; readonly host: string; readonly name: string }
  | { readonly type: 'note'; readonly host?: string; readonly text: string }
  | { readonly type: 'run:stopping'; readonly how: 'after running exchanges' | 'now' }
  | {
      readonly type: 'run:end'
      readonly summary: Summary
      readonly ms: number
      readonly failedHosts: readonly string[]
    }
)

// Omit over a union keeps only common keys; this one distributes.
type WithoutTime<E> = E extends unknown ? Omit<E, 'at'> : never

/** An event before it gets its time. */
export type EventBody = WithoutTime<Event>

export type Emit = (event: EventBody) => void
