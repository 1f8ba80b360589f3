import { BaseCommand, fileArg, parallelFlag } from '../../base-command.ts'

export class NetworkCheck extends BaseCommand {
  static override readonly summary =
    'Prove that pods on different nodes reach each other, DNS and Services; name the pairs that do not, and why.'
  static override readonly description =
    'Makes a pod on every node for some seconds, of the sandbox image that is there already. Nothing else is written, and ' +
    'nothing of it remains.'
  static override readonly examples = [
    '<%= config.bin %> network check',
    '<%= config.bin %> network check lab.yaml -o json',
  ]
  static override readonly args = { file: fileArg }
  static override readonly flags = { parallel: parallelFlag }

  async execute() {
    const { args, flags } = await this.parse(NetworkCheck)
    const { networkCheck } = await import('../../actions/network-check.ts')
    return networkCheck({ file: args.file, output: flags.output, parallel: flags.parallel })
  }
}
