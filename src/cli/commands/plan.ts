import { Flags } from '@oclif/core'
import { BaseCommand, fileArg, onlyFlag, parallelFlag, pruneFlag } from '../base-command.ts'

export class Plan extends BaseCommand {
  static override readonly summary = 'Show what apply would change on every host, and why. Nothing is written.'
  static override readonly examples = [
    '<%= config.bin %> plan',
    '<%= config.bin %> plan lab.yaml --diff --exit-code',
    '<%= config.bin %> plan lab.yaml --out lab.plan',
  ]
  static override readonly args = { file: fileArg }
  static override readonly flags = {
    diff: Flags.boolean({ description: 'show files line by line' }),
    out: Flags.string({ description: 'save the plan, for apply', helpValue: 'FILE' }),
    only: onlyFlag,
    prune: pruneFlag,
    'exit-code': Flags.boolean({ description: 'return 2 when there are changes' }),
    parallel: parallelFlag,
  }

  async execute() {
    const { args, flags } = await this.parse(Plan)
    const { plan } = await import('../actions/plan.ts')
    const { cluster } = await import('../../../playbooks/cluster.ts')
    const { prune, ...others } = flags
    const all = prune ? { prune: 'all' as const } : {}
    return plan({ ...others, ...all, operation: cluster, file: args.file, exitCode: flags['exit-code'] })
  }
}
