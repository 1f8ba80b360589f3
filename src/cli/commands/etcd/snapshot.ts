import { Flags } from '@oclif/core'
import { BaseCommand, fileArg } from '../../base-command.ts'

export class EtcdSnapshot extends BaseCommand {
  static override readonly summary =
    'Take a snapshot of etcd now, with the keys and configuration that a restore needs.'
  static override readonly description =
    'It is taken, read back and kept on the host of a healthy member, by the same script as those on a schedule.'
  static override readonly examples = [
    '<%= config.bin %> etcd snapshot',
    '<%= config.bin %> etcd snapshot lab.yaml --save ~/backups',
  ]
  static override readonly args = { file: fileArg }
  static override readonly flags = {
    host: Flags.string({ description: 'take it on this host, also where etcd has no quorum', helpValue: 'NAME' }),
    save: Flags.string({
      description: 'also copy it to this folder of this machine; it holds private keys',
      helpValue: 'FOLDER',
    }),
  }

  async execute() {
    const { args, flags } = await this.parse(EtcdSnapshot)
    const { etcdSnapshot } = await import('../../actions/etcd-snapshot.ts')
    return etcdSnapshot({ file: args.file, output: flags.output, save: flags.save, host: flags.host })
  }
}
