import { Flags } from '@oclif/core'
import { BaseCommand, fileArg, parallelFlag } from '../../base-command.ts'

export class CertsRenew extends BaseCommand {
  static override readonly summary =
    'Apply the cluster file and renew all certificates older than a day: shows the plan, asks once, one node at a time.'
  static override readonly args = { file: fileArg }
  static override readonly flags = {
    yes: Flags.boolean({ char: 'y', description: 'do not ask' }),
    'dry-run': Flags.boolean({ description: 'show the plan and write nothing' }),
    parallel: parallelFlag,
  }

  async execute() {
    const { args, flags } = await this.parse(CertsRenew)
    const { certsRenew } = await import('../../actions/certs-renew.ts')
    return certsRenew({ ...flags, dryRun: flags['dry-run'], file: args.file })
  }
}
