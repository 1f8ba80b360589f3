import { BaseCommand, fileArg } from '../base-command.ts'

export class Validate extends BaseCommand {
  static override readonly summary =
    'Check a cluster file and name everything that is wrong in it; no host is contacted.'
  static override readonly args = { file: fileArg }

  async execute() {
    const { args, flags } = await this.parse(Validate)
    const { validate } = await import('../actions/validate.ts')
    return validate({ file: args.file, output: flags.output })
  }
}
