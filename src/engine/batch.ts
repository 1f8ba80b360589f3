import type { Change, Step } from '../core/resource.ts'
import type { Desired } from './judge.ts'
import { type HostState, isFresh, type TaskState } from './task-state.ts'

/** A task that is about to be written. */
export interface Write {
  readonly state: TaskState
  readonly desired: Desired
  readonly change: Change
  readonly steps: readonly Step[]
}

/** What one exchange of apply carries. */
export interface Batch {
  readonly writes: readonly Write[]
  /** Ready tasks whose snapshots are out of date, or will be after the writes. */
  readonly probes: readonly TaskState[]
  /** Tasks of this host that become ready if the writes succeed and the probes find what they found last time. */
  readonly ahead: readonly TaskState[]
}

/**
 * Chooses the next exchange of a host; undefined when there is nothing to send. The exchange also probes tasks that may become
 * ready. It looks for them behind tasks that seem to be in desired state, but not behind others. So a chain of n changes needs
 * about n exchanges.
 */
export function chooseBatch(host: HostState, writes: readonly Write[]): Batch | undefined {
  const writing = new Set(writes.map(write => write.state))
  const ready = host.tasks.filter(state => state.stage === 'ready' && !writing.has(state))
  const probes = ready.filter(state => writes.length > 0 || !isFresh(state))
  if (writes.length === 0 && probes.length === 0) return undefined
  const passed = new Set<TaskState>([...writing, ...probes.filter(state => state.seemsDone)])
  const ahead: TaskState[] = []
  for (const state of host.tasks) {
    if (state.stage !== 'waiting') continue
    // The tasks are in graph order, so a dependency is passed before the task that waits for it, or not at all.
    if (!state.dependencies.every(one => passed.has(one) || isSettled(one))) continue
    ahead.push(state)
    if (state.seemsDone) passed.add(state)
  }
  return { writes, probes, ahead }
}

function isSettled(state: TaskState): boolean {
  return state.end?.result === 'changed' || state.end?.result === 'in desired state'
}
