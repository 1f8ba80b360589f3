import { Flags } from '@oclif/core'
import { BaseCommand, fileArg, parallelFlag } from '../base-command.ts'

export class Ping extends BaseCommand {
  static override readonly summary =
    'Show for every host whether it can be reached, trusted, logged into and made root.'
  static override readonly args = { file: fileArg }
  static override readonly flags = {
    'accept-new': Flags.boolean({
      description: 'record the host keys of hosts that are not known yet; a changed key is refused nevertheless',
    }),
    parallel: parallelFlag,
  }

  async execute() {
    const { args, flags } = await this.parse(Ping)
    const { ping } = await import('../actions/ping.ts')
    return ping({ file: args.file, acceptNew: flags['accept-new'], parallel: flags.parallel, output: flags.output })
  }
}
