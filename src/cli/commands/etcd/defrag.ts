import { Flags } from '@oclif/core'
import { BaseCommand, fileArg, parallelFlag } from '../../base-command.ts'

export class EtcdDefrag extends BaseCommand {
  static override readonly summary =
    'Give space that etcd does not use any more back to the disk: shows the plan, asks once, one member at a time.'
  static override readonly args = { file: fileArg }
  static override readonly flags = {
    yes: Flags.boolean({ char: 'y', description: 'do not ask' }),
    'dry-run': Flags.boolean({ description: 'show the plan and write nothing' }),
    parallel: parallelFlag,
  }

  async execute() {
    const { args, flags } = await this.parse(EtcdDefrag)
    const { etcdDefrag } = await import('../../actions/etcd-defrag.ts')
    return etcdDefrag({ ...flags, dryRun: flags['dry-run'], file: args.file })
  }
}
