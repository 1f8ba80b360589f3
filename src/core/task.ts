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
  /** It is written only when a task to which it has an edge `enter` is about to be written. */
  readonly enters?: true
}

/**
 * The name of a task for people, in plans, progress and errors alike: the title of its resource, else kind and name, e.g.
 * `artifact runc`. It does not name the host, which stands beside it, so that hosts with the same change can be shown as one.
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
  /** Script that revokes it. */
  revoke?(value: unknown): string
}

/** The order of two tasks. */
export interface Edge {
  readonly from: TaskId
  readonly to: TaskId
  /** A pending change of `from` is visible to the diff of `to`. */
  readonly watch: boolean
  /** `to` waits only if it has something to write. It is then skipped if `from` fails. */
  readonly hold?: true
  /** If `from` fails because its host was lost before this run wrote anything to it, `to` goes on as if there were no order. */
  readonly spare?: true
  /**
   * `from` is judged after `to`. It is written before `to`, and only if `to` is about to be written; see bracket(). Such an edge
   * is also a `hold`.
   */
  readonly enter?: true
  /** `to` waits until `from` has ended. If `from` has failed, `to` is skipped only if it has something to write. */
  readonly leave?: true
}

/** All tasks that are to be evaluated, in a deterministic order in which each comes after the tasks that it depends on. */
export interface Graph {
  readonly tasks: ReadonlyMap<TaskId, Task>
  readonly edges: readonly Edge[]
  readonly ephemerals: ReadonlyMap<TaskId, EphemeralValue>
}
