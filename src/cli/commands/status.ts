import { BaseCommand, fileArg } from '../base-command.ts'

export class Status extends BaseCommand {
  static override readonly summary = 'Show the nodes of the cluster, their versions, and what is not healthy.'
  static override readonly args = { file: fileArg }

  async execute() {
    const { args, flags } = await this.parse(Status)
    const { status } = await import('../actions/status.ts')
    return status({ file: args.file, output: flags.output })
  }
}
