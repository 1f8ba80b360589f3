import type { ErrorDetails } from '../core/error-details.ts'
import { type Probe, type ProbeResult, probeTimedOut, probeTooLong } from '../core/resource.ts'
import type { Task } from '../core/task.ts'
import { answerTooLong, probeLate, unreadable } from './task-errors.ts'

/** One read of one task's resource: its current state, or why it could not be read. */
export type Snapshot = { readonly current: unknown } | { readonly error: ErrorDetails }

/** Parses what a task's probe printed; a parser that throws makes an error, not an exception. */
export function readSnapshot(task: Task, raw: ProbeResult): Snapshot {
  if (raw.exitCode === probeTimedOut) return { error: probeLate(task, raw) }
  if (raw.exitCode === probeTooLong) return { error: answerTooLong(task, raw) }
  try {
    return { current: task.resource.probe.parse(raw) as unknown }
  } catch (cause) {
    return { error: unreadable(task, raw, cause) }
  }
}

/** The probes of several tasks of one host, each script once. */
export interface ProbeSet {
  readonly probes: readonly Probe<unknown>[]
  /** Makes the snapshot of every task from the results, which are in the order of `probes`. */
  read(results: readonly ProbeResult[]): ReadonlyMap<Task, Snapshot>
}

/** Collects the probes of `tasks`. A script that several tasks have in common is sent once and answers all of them. */
export function collectProbes(tasks: readonly Task[]): ProbeSet {
  const positions = new Map<string, number>()
  const probes: Probe<unknown>[] = []
  for (const { resource } of tasks) {
    if (positions.has(resource.probe.script)) continue
    positions.set(resource.probe.script, probes.length)
    probes.push(resource.probe)
  }
  return {
    probes,
    read: results =>
      new Map(tasks.map(task => [task, readSnapshot(task, results[positions.get(task.resource.probe.script)!]!)])),
  }
}
