import type { Evaluation } from '../../engine/index.ts'
import { hasChanges, planDocument, planView, renderPlan, wantsColour } from '../../report/index.ts'
import { printJson, printLine } from '../terminal/streams.ts'
import type { ClusterRun } from './cluster-run.ts'
import type { ClusterEvaluation } from './evaluate-cluster.ts'

export interface ShowPlanOptions {
  readonly output: 'text' | 'json'
  readonly diff: boolean
  /** With an empty line before and after it, where it stands between lines of progress. */
  readonly apart?: boolean
  /** The command that does what the plan says; left out where the next thing is a question. */
  readonly next?: string
}

/** Said in the place of the next command where a resource refuses what is wanted of it. */
export const cannotBeApplied = 'Nothing was written, and nothing will be before what is marked ✘ above is fixed.'

/** Prints the plan on standard output. Returns whether there is anything to do. */
export async function showPlan(
  cluster: ClusterRun,
  { evaluation, batches, lockedBy }: ClusterEvaluation,
  options: ShowPlanOptions,
): Promise<boolean> {
  const { spec, view } = cluster
  const planned = { ...evaluation, batches }
  const refused = evaluation.refused.size > 0
  await cluster.aside(() => {
    if (options.output === 'json') return printJson(planDocument(planned, spec, Date.now()))
    const text = renderPlan(planned, spec, {
      diff: options.diff,
      colour: wantsColour(process.stdout, process.env),
      reading: { ms: Date.now() - view.startedAt, exchanges: cluster.exchanges() },
      // Where a terminal knows no size it says 0.
      ...(process.stdout.isTTY && process.stdout.columns > 0 ? { width: process.stdout.columns } : {}),
      notes: view.notes,
      ...(lockedBy === undefined ? {} : { lockedBy }),
      ...(options.next === undefined || refused ? {} : { next: options.next }),
    })
    printLine(options.apart === true && anythingToDo(evaluation) ? `\n${text}\n` : text)
    if (options.next !== undefined && refused) printLine(cannotBeApplied)
  })
  return anythingToDo(evaluation)
}

/** Whether an apply would write anything, or may. */
export function anythingToDo(evaluation: Evaluation): boolean {
  return hasChanges(planView(evaluation))
}
