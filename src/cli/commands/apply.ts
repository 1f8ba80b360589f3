import { Flags } from '@oclif/core'
import { exitCodes, UserError } from '../../core/errors.ts'
import { BaseCommand, clusterOrPlanArg, onlyFlag, parallelFlag, pruneFlag } from '../base-command.ts'

export class Apply extends BaseCommand {
  static override readonly summary = 'Make the hosts what the cluster file says: shows the plan, asks once, does it.'
  static override readonly examples = [
    '<%= config.bin %> apply',
    '<%= config.bin %> apply lab.yaml --yes',
    '<%= config.bin %> apply lab.plan',
  ]
  static override readonly args = { file: clusterOrPlanArg }
  static override readonly flags = {
    yes: Flags.boolean({ char: 'y', description: 'do not ask' }),
    resume: Flags.boolean({ description: 'say first what is left of an apply that was cut off' }),
    'dry-run': Flags.boolean({ description: 'the same as plan' }),
    diff: Flags.boolean({ description: 'show files line by line' }),
    only: onlyFlag,
    prune: pruneFlag,
    parallel: parallelFlag,
  }

  async execute() {
    const { args, flags } = await this.parse(Apply)
    const { cluster } = await import('../../../playbooks/cluster.ts')
    const { prune, ...others } = flags
    const { whatToApply } = await import('../run/what-to-apply.ts')
    const options = { ...others, ...(prune ? { prune: 'all' as const } : {}), ...whatToApply(args.file, cluster) }
    if (flags.resume && 'plan' in options) throw resumedPlan(args.file, options.file)
    if (prune && 'plan' in options) throw prunedPlan(args.file, options.file)
    if (flags.only !== undefined && 'plan' in options) throw partOfPlan(args.file, options.file, flags.only)
    if (flags['dry-run']) {
      const { plan } = await import('../actions/plan.ts')
      return plan({ ...options, exitCode: false })
    }
    const { apply } = await import('../actions/apply.ts')
    return apply(options)
  }
}

// What a run has done before it was cut off is a difference from its plan, so the plan can only be refused.
function resumedPlan(plan: string, file: string): UserError {
  const problem = `${plan} is a saved plan, and none that was begun can be gone on with: the hosts are not as it was made for.`
  return new UserError(
    { where: '--resume', problem, next: `evcctl apply ${file} --resume` },
    { exitCode: exitCodes.badInput },
  )
}

function prunedPlan(plan: string, file: string): UserError {
  const problem = `${plan} is a saved plan, which is done as it is.`
  return new UserError(
    { where: '--prune', problem, next: `evcctl plan ${file} --prune --out ${plan}` },
    { exitCode: exitCodes.badInput },
  )
}

function partOfPlan(plan: string, file: string, only: string): UserError {
  const problem = `${plan} is a saved plan, which is done as it is.`
  return new UserError(
    { where: '--only', problem, next: `evcctl plan ${file} --only ${only} --out ${plan}` },
    { exitCode: exitCodes.badInput },
  )
}
