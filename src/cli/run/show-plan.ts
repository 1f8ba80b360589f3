import type { Evaluation } from '../../engine/index.ts'
import { hasChanges, planDocument, planView, renderPlan, wantsColour } from '../../report/index.ts'
import { printJson, printLine } from '../terminal/streams.ts'
import type { ClusterRun } from './cluster-run.ts'
import type { ClusterEvaluation } from './evaluate-cluster.ts'

export interface ShowPlanOptions {
  readonly output: 'text' | 'json'
  readonly diff: boolean
  /** Whether to print an empty line before and after the plan, when it stands between lines of progress. */
  readonly apart?: boolean
  /** What a plan without changes says of the hosts; default that they are as the file describes. */
  readonly nothing?: string
  /** The command that applies the plan; left out when a question follows the plan. */
  readonly next?: string
}

/** Printed instead of the next command if a resource refuses its desired state. */
export const cannotBeApplied = 'Nothing was written, and nothing will be before what is marked ✘ above is fixed.'

/** Prints the plan on standard output. Returns whether there is anything to do. */
export async function showPlan(
  cluster: ClusterRun,
  { evaluation, hosts, batches, upgrade, lockedBy }: ClusterEvaluation,
  options: ShowPlanOptions,
): Promise<boolean> {
  const { view } = cluster
  const spec = { ...cluster.spec, hosts }
  const planned = { ...evaluation, batches, ...(upgrade === undefined ? {} : { upgrade }) }
  const refused = evaluation.refused.size > 0
  await cluster.aside(() => {
    if (options.output === 'json') return printJson(planDocument(planned, spec, Date.now()))
    const text = renderPlan(planned, spec, {
      diff: options.diff,
      colour: wantsColour(process.stdout, process.env),
      reading: { ms: Date.now() - view.startedAt, exchanges: cluster.exchanges() },
      // A terminal that does not know its size reports 0 columns.
      ...(process.stdout.isTTY && process.stdout.columns > 0 ? { width: process.stdout.columns } : {}),
      notes: view.notes,
      ...(options.nothing === undefined ? {} : { nothing: options.nothing }),
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
