import { BaseCommand, fileArg } from '../../base-command.ts'

export class EtcdStatus extends BaseCommand {
  static override readonly summary = 'Show the members of etcd, their sizes and alarms, and how many may still be lost.'
  static override readonly args = { file: fileArg }

  async execute() {
    const { args, flags } = await this.parse(EtcdStatus)
    const { etcdStatus } = await import('../../actions/etcd-status.ts')
    return etcdStatus({ file: args.file, output: flags.output })
  }
}
