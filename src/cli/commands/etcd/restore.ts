import { Flags } from '@oclif/core'
import { BaseCommand, fileArg, operationFlags } from '../../base-command.ts'

export class EtcdRestore extends BaseCommand {
  static override readonly summary =
    'Replace the data of etcd by that of a snapshot: shows what is lost and done, asks once, does it.'
  static override readonly description =
    'All API servers and members of etcd are stopped meanwhile; pods run on. A restore that was stopped anywhere is taken ' +
    'up by the same command.'
  static override readonly examples = [
    '<%= config.bin %> etcd restore --from lab-cp1-20261129T083000Z.tar.gz --dry-run',
    '<%= config.bin %> etcd restore lab.yaml --from cp2:/var/backups/evcctl/etcd/20261129T083000Z.tar.gz --lost cp1',
  ]
  static override readonly args = { file: fileArg }
  static override readonly flags = {
    from: Flags.string({
      description: 'the snapshot: a file of this machine, or HOST:PATH',
      helpValue: 'SNAPSHOT',
      required: true,
    }),
    lost: Flags.string({
      description: 'a host, or a member of etcd on no host of the file, that is gone for good; repeatable',
      helpValue: 'HOST',
      multiple: true,
      default: [],
    }),
    ...operationFlags,
  }

  async execute() {
    const { args, flags } = await this.parse(EtcdRestore)
    const { etcdRestore } = await import('../../actions/etcd-restore.ts')
    return etcdRestore({ ...flags, dryRun: flags['dry-run'], file: args.file })
  }
}
