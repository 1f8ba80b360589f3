import type { Output } from './output.ts'
import type { AnyResource, ProbeResult } from './resource.ts'
import type { TaskId } from './task-id.ts'

/** A resource on a host, in the order and with the inputs that its role gave it. */
export interface Task<O = unknown> {
  readonly id: TaskId
  readonly host: string
  /** The role that declared it: the heading under which plan and progress show it. */
  readonly role: string
  readonly resource: AnyResource
  readonly output: Output<O>
  /** It is written only when a task that it has an edge `enter` to is about to be. */
  readonly enters?: true
}

/**
 * How people call a task, in plans, progress and errors alike: the title of its resource, else kind and name, e.g.
 * `artifact runc`. The host is named beside it; without it here, hosts with the same change can be shown as one.
 */
export function titleOf({ host, resource }: Pick<Task, 'host' | 'resource'>): string {
  const { kind, name, title } = resource
  return title ?? (name === '' || name === host ? kind : `${kind} ${name}`)
}

/**
 * A short-lived value (bootstrap token, certificate key) that is made on a host only when a consumer really converges,
 * at most once a run, and revoked at the end of the run.
 */
export interface EphemeralValue {
  readonly id: TaskId
  readonly host: string
  readonly name: string
  /** Script that makes it, as for a `run` step. */
  readonly run: string
  parse(raw: ProbeResult): unknown
  /** Script that makes it worthless again. */
  revoke?(value: unknown): string
}

/** The order of two tasks. */
export interface Edge {
  readonly from: TaskId
  readonly to: TaskId
  /** A pending change of `from` is visible to the diff of `to`. */
  readonly watch: boolean
  /** Only what writes waits: when `from` fails, `to` is skipped if it has something to write, and else as if there was no order. */
  readonly hold?: true
  /** When `from` fails because its host was lost before this run wrote anything to it, `to` goes on as if there was no order. */
  readonly spare?: true
  /** `from` is judged after `to`, and written before it, only if `to` is about to be; see bracket(). Such an edge holds back `to`, besides. */
  readonly enter?: true
  /** `to` waits for the end of `from`, however that is: when `from` failed, `to` is skipped if it has something to write. */
  readonly leave?: true
}

/** All that is to be evaluated, in a deterministic order in which every task comes after what it depends on. */
export interface Graph {
  readonly tasks: ReadonlyMap<TaskId, Task>
  readonly edges: readonly Edge[]
  readonly ephemerals: ReadonlyMap<TaskId, EphemeralValue>
}
