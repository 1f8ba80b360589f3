import { BaseCommand, fileArg } from '../../base-command.ts'

export class CertsStatus extends BaseCommand {
  static override readonly summary =
    'Show every certificate that runs the cluster, host by host, and the days it has left.'
  static override readonly args = { file: fileArg }

  async execute() {
    const { args, flags } = await this.parse(CertsStatus)
    const { certsStatus } = await import('../../actions/certs-status.ts')
    return certsStatus({ file: args.file, output: flags.output })
  }
}
