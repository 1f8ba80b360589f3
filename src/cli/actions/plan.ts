import type { Operation } from '../../cluster/index.ts'
import { type ExitCode, exitCodes } from '../../core/index.ts'
import { withClusterRun } from '../run/cluster-run.ts'
import { evaluateCluster, exitCodeOf } from '../run/evaluate-cluster.ts'
import { showPlan } from '../run/show-plan.ts'
import { version } from '../version.ts'

export interface PlanActionOptions {
  readonly file: string
  readonly operation: Operation
  readonly output: 'text' | 'json'
  readonly diff: boolean
  readonly parallel: number
  /** Whether the exit code is 2 when there are changes. */
  readonly exitCode: boolean
}

/** `evcctl plan` and `evcctl apply --dry-run`: shows the plan and writes nothing to the hosts. */
export function plan(options: PlanActionOptions): Promise<ExitCode> {
  return withClusterRun({ ...options, command: 'plan', version: version() }, async cluster => {
    const evaluated = await evaluateCluster(cluster)
    const next = `evcctl apply ${options.file}`
    const changes = await showPlan(cluster, evaluated, { output: options.output, diff: options.diff, next })
    const exitCode = exitCodeOf(evaluated.evaluation)
    if (exitCode !== exitCodes.ok) return exitCode
    return (changes || cluster.lock !== undefined) && options.exitCode ? exitCodes.changes : exitCodes.ok
  })
}
