import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { type ErrorDetails, UserError, UserErrors } from '../../core/index.ts'
import type { Evaluation } from '../../engine/index.ts'
import { count, createPaint, type UpgradeReport, upgradeLines } from '../../report/index.ts'
import { word } from '../../ssh/word.ts'
import type { ClusterRun } from '../run/cluster-run.ts'
import type { GivenPlan } from '../run/what-to-apply.ts'
import { version } from '../version.ts'
import { movedInFiles, movedOnHosts } from './differences.ts'
import { type PlanSource, planHeader, planToSave } from './make.ts'
import type { PlannedOperation, SavedPlan } from './saved-plan.ts'

/** The plan that this run makes, in the form in which it is saved. `upgrade`: the report that was shown with it. */
export function planOfRun(
  cluster: ClusterRun,
  evaluation: Evaluation,
  operation: PlannedOperation,
  upgrade?: UpgradeReport,
): SavedPlan {
  const shown = upgrade === undefined ? {} : { upgrade: upgradeLines(upgrade, createPaint(false)) }
  return { ...planToSave(evaluation, sourceOf(cluster, operation)), ...shown }
}

/**
 * Throws UserErrors if the cluster file, a file that it names, or the catalog is not as it was when the plan was made. No host has to
 * be asked for that.
 */
export function refuseMovedFiles(plan: GivenPlan, cluster: ClusterRun): void {
  refuse(plan, movedInFiles(plan.saved, planHeader(sourceOf(cluster, plan.saved.operation))))
}

/** Throws UserErrors if anything on the hosts is not as it was when the plan was made. */
export function refuseMovedHosts(plan: GivenPlan, cluster: ClusterRun, evaluation: Evaluation): void {
  refuse(plan, movedOnHosts(plan.saved, planOfRun(cluster, evaluation, plan.saved.operation)))
}

// More would help nobody. The first ones are in the order of the graph, in which one difference often causes the next.
const mostShown = 20

function refuse({ path, saved: { file, madeAt } }: GivenPlan, moved: readonly ErrorDetails[]): void {
  if (moved.length === 0) return
  const shown = moved.slice(0, mostShown)
  const left = moved.length - shown.length
  const summary: ErrorDetails = {
    where: path,
    problem: `This plan was made at ${madeAt}, and is out of date. Nothing was written.`,
    expected: 'everything as it was when the plan was made',
    actual: `${count(moved.length, 'difference')}${left > 0 ? `; the first ${shown.length} of them:` : ':'}`,
    next: `To see what is to be done now, and to save that: evcctl plan ${word(file)} --out ${word(path)}`,
  }
  throw new UserErrors([summary, ...shown].map(details => new UserError(details)))
}

function sourceOf({ spec, files }: ClusterRun, operation: PlannedOperation): PlanSource {
  const sums = [...files].map(([path, content]): [string, string] => [path, sha256Of(content)])
  return { spec, file: resolve(spec.file), operation, files: new Map(sums), version: version(), madeAt: new Date() }
}

function sha256Of(content: string): string {
  return createHash('sha256').update(content).digest('hex')
}
