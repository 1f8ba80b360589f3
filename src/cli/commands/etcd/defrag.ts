import { BaseCommand, fileArg, operationFlags } from '../../base-command.ts'

export class EtcdDefrag extends BaseCommand {
  static override readonly summary =
    'Give space that etcd does not use any more back to the disk: shows the plan, asks once, one member at a time.'
  static override readonly args = { file: fileArg }
  static override readonly flags = operationFlags

  async execute() {
    const { args, flags } = await this.parse(EtcdDefrag)
    const { operate } = await import('../../actions/operation.ts')
    const { defrag: operation } = await import('../../../../playbooks/defrag.ts')
    const words = { command: 'etcd defrag', shows: 'etcd status', isPart: true }
    return operate({ ...flags, ...words, operation, dryRun: flags['dry-run'], file: args.file })
  }
}
