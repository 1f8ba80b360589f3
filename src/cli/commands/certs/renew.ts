import { BaseCommand, fileArg, operationFlags } from '../../base-command.ts'

export class CertsRenew extends BaseCommand {
  static override readonly summary =
    'Apply the cluster file and renew all certificates older than a day: shows the plan, asks once, one node at a time.'
  static override readonly args = { file: fileArg }
  static override readonly flags = operationFlags

  async execute() {
    const { args, flags } = await this.parse(CertsRenew)
    const { operate } = await import('../../actions/operation.ts')
    const { renewal: operation } = await import('../../../../playbooks/cluster.ts')
    const words = { command: 'certs renew', shows: 'certs status' }
    return operate({ ...flags, ...words, operation, dryRun: flags['dry-run'], file: args.file })
  }
}
