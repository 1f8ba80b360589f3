import type { GraphBuilder, TaskOrder } from './scope.ts'
import type { Task } from './task.ts'

/** Names of nodes, batch after batch. */
export type Batches = readonly (readonly string[])[]

/** A number of nodes, from 1 on, or a percentage of them, from 1 to 100. */
export type Share = { readonly count: number } | { readonly percent: number }

/** How many of `all` nodes a share is. A percentage is rounded down, but not below 1. */
export function nodesIn(share: Share, all: number): number {
  return 'count' in share ? share.count : Math.max(1, Math.floor((all * share.percent) / 100))
}

/** How nodes that are in service may change. */
export interface RollingPolicy {
  /** The most nodes that change at a time; at least 1. */
  readonly maxUnavailable: number
  /** Whether an earlier run left a node out of service. Such nodes go first, so that never too many are out. Default: no. */
  readonly isEntered?: (node: string) => boolean
}

/** One node first, the canary, which proves the change; then batches of as many nodes as may be unavailable at a time. */
export function batchesOf(
  nodes: readonly string[],
  { maxUnavailable, isEntered = () => false }: RollingPolicy,
): Batches {
  const order = nodes.toSorted((one, other) => Number(isEntered(other)) - Number(isEntered(one)))
  const batches = order.slice(0, 1).map(name => [name])
  for (let at = 1; at < order.length; at += maxUnavailable) batches.push(order.slice(at, at + maxUnavailable))
  return batches
}

/** The tasks of a rolling change, by node. */
export interface Rolled {
  /** The tasks of a node that may write only when all nodes of the batches before it are well. */
  held(node: string): readonly Task[]
  /** The tasks that show that a node is well with the change. They have to look at the node after the change. */
  proofs(node: string): readonly Task[]
  /** The tasks that take a node back into service; see bracket(). */
  readonly left?: (node: string) => readonly Task[]
  /** What is written on one node at a time, also within a batch. Default: nothing. */
  readonly alone?: (node: string) => readonly Task[]
  /** Whether the loss of a node stops the ones after it even if nothing was written to it before. Default: no. */
  readonly isNeeded?: (node: string) => boolean
  /** Declares the task between a batch (counted from 1) and the next one, with the tasks that it waits for. */
  gate(batch: number, order: TaskOrder): Task
}

/**
 * Lets nodes change batch after batch: no task writes in a batch until every node of the batch before is well and back in
 * service. A task that is in desired state waits for no batch. A node that was lost before anything was written to it proves
 * nothing about the change and stops no batch, unless `isNeeded`. The number of edges grows linearly with the number of tasks,
 * but for `alone`: there, with the square of the nodes of a batch.
 */
export function rolling(builder: GraphBuilder, batches: Batches, rolled: Rolled): void {
  const { left = () => [], alone = () => [], isNeeded = () => false } = rolled
  for (const batch of batches) oneByOne(builder, batch.map(alone))
  let previous: readonly Task[] = []
  batches.slice(1).forEach((batch, index) => {
    const before = batches[index]!
    const gate = rolled.gate(index + 1, {
      after: [...previous, ...before.flatMap(left), ...before.filter(isNeeded).flatMap(rolled.proofs)],
      afterReached: before.filter(name => !isNeeded(name)).flatMap(rolled.proofs),
    })
    for (const task of batch.flatMap(rolled.held)) builder.holdBack(task, [gate])
    previous = [gate]
  })
}

/** Lets the tasks of each group write nothing before those of all earlier groups are done, nor when one of these fails. */
export function oneByOne(builder: GraphBuilder, groups: readonly (readonly Task[])[]): void {
  // All earlier ones, not the last alone: that may have nothing to write, and end before its turn.
  const earlier: Task[] = []
  for (const group of groups) {
    for (const task of group) builder.holdBack(task, earlier)
    earlier.push(...group)
  }
}
