import type { Operation } from '../../cluster/index.ts'
import type { ClusterSpec } from '../../config/index.ts'
import { type ExitCode, exitCodes } from '../../core/index.ts'
import { applyCommand } from '../run/apply-command.ts'
import { type Prune, withClusterRun } from '../run/cluster-run.ts'
import { evaluateCluster, exitCodeOf } from '../run/evaluate-cluster.ts'
import type { OnlyPart } from '../run/only-parts.ts'
import type { PlannableCluster } from '../run/open-cluster.ts'
import { tellResumed } from '../run/resume.ts'
import { showPlan } from '../run/show-plan.ts'
import type { GivenPlan } from '../run/what-to-apply.ts'
import { checkPlanPlace, writePlan } from '../saved-plan/file.ts'
import { planOfRun, refuseMovedFiles, refuseMovedHosts } from '../saved-plan/planned.ts'
import { printJson, printLine } from '../terminal/streams.ts'
import { version } from '../version.ts'

export interface PlanActionOptions {
  readonly file: string
  readonly operation: Operation
  readonly output: 'text' | 'json'
  readonly diff: boolean
  readonly parallel: number
  /** See ClusterRunOptions. */
  readonly prune?: Prune
  /** See ClusterRunOptions. */
  readonly only?: OnlyPart | undefined
  /** See ClusterRunOptions. */
  readonly needed?: ReadonlySet<string>
  /** See ClusterRunOptions. */
  readonly gone?: ReadonlySet<string>
  /** See ClusterRunOptions. */
  readonly opened?: PlannableCluster
  /** See ClusterRunOptions. */
  readonly adapt?: (spec: ClusterSpec) => ClusterSpec
  /** Whether the exit code is 2 when there are changes. */
  readonly exitCode: boolean
  /** Where the plan is saved; undefined: nowhere. */
  readonly out?: string | undefined
  /** Say first what is left of the last apply, if it was cut off. Default: false. */
  readonly resume?: boolean
  /** A saved plan that must still be up to date. */
  readonly plan?: GivenPlan
  /** Reads the hosts and evaluates the operation; default evaluateCluster(). */
  readonly evaluate?: typeof evaluateCluster
  /** See ShowPlanOptions. */
  readonly nothing?: string
  /** The command line that applies it; default `evcctl apply FILE`. */
  readonly again?: string
}

/** `evcctl plan` and `evcctl apply --dry-run`: shows the plan and writes nothing to the hosts. */
export function plan(options: PlanActionOptions): Promise<ExitCode> {
  const { out, plan: given } = options
  if (out !== undefined) checkPlanPlace(out)
  return withClusterRun({ ...options, command: 'plan', version: version() }, async cluster => {
    if (given !== undefined) refuseMovedFiles(given, cluster)
    const evaluated = await (options.evaluate ?? evaluateCluster)(cluster)
    const { evaluation } = evaluated
    if (given !== undefined) refuseMovedHosts(given, cluster, evaluation)
    if (options.resume === true) await tellResumed(cluster, evaluation, options.output)
    const savable = out !== undefined && evaluation.refused.size === 0
    // Before the plan is shown, because it says how the saved plan is applied.
    const operation = { name: 'cluster', options: chosenIn(options) } as const
    if (savable) await writePlan(out, planOfRun(cluster, evaluation, operation, evaluated.upgrade))
    const saved = out ?? given?.path
    const next = saved === undefined ? (options.again ?? applyCommand(options)) : `evcctl apply ${saved}`
    const changes = await showPlan(cluster, evaluated, {
      output: options.output,
      diff: options.diff,
      next,
      ...(options.nothing === undefined ? {} : { nothing: options.nothing }),
    })
    if (out !== undefined) await cluster.aside(() => tellSaved(out, savable, options.output))
    const exitCode = exitCodeOf(evaluation)
    if (exitCode !== exitCodes.ok) return exitCode
    return (changes || cluster.lock !== undefined) && options.exitCode ? exitCodes.changes : exitCodes.ok
  })
}

function chosenIn({ prune, only }: Pick<PlanActionOptions, 'prune' | 'only'>): Readonly<Record<string, string>> {
  return {
    ...(prune === undefined ? {} : { prune: prune === 'all' ? prune : prune.join(' ') }),
    ...(only === undefined ? {} : { only }),
  }
}

function tellSaved(path: string, saved: boolean, output: 'text' | 'json'): void {
  if (output === 'json') printJson({ type: 'plan:saved', at: Date.now(), path, saved })
  else if (saved) printLine(`Saved as ${path}, which is done only as long as nothing of it moves.`)
  else printLine(`Not saved: a plan that cannot be applied is of no use as ${path}.`)
}
