import { apply, evaluate, type Run } from '../../../src/engine/index.ts'
import type { Change, ErrorDetails, Graph, SshPool } from '../../../src/index.ts'

/** A run that is never stopped and tells nobody. */
export function quietRun(pool: SshPool): Run {
  return { pool, emit: () => {}, stop: new AbortController().signal, abort: new AbortController().signal }
}

/** What a plan would say: the changes by task, without those in desired state. Throws for a task that cannot be read. */
export async function planOf(graph: Graph, pool: SshPool): Promise<ReadonlyMap<string, Change>> {
  const evaluation = await evaluate(graph, quietRun(pool))
  const [error] = evaluation.errors.values()
  const [unreachable] = evaluation.unreachable.values()
  if (error !== undefined || unreachable !== undefined) throw new Error(JSON.stringify(error ?? unreachable?.details))
  return new Map(
    [...evaluation.plan.verdicts].flatMap(([id, verdict]) => ('change' in verdict ? [[id, verdict.change]] : [])),
  )
}

/** Applies a graph, and gives what failed by task: nothing, if all is well. */
export async function applyTo(graph: Graph, pool: SshPool): Promise<ReadonlyMap<string, ErrorDetails | undefined>> {
  const run = quietRun(pool)
  const { ends } = await apply(await evaluate(graph, run), run)
  return new Map(
    [...ends].flatMap(([id, end]) =>
      end.result === 'changed' || end.result === 'in desired state'
        ? []
        : [[id, 'error' in end ? end.error : undefined]],
    ),
  )
}
