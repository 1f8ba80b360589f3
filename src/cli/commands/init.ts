import { Flags } from '@oclif/core'
import { BaseCommand, fileArg } from '../base-command.ts'

export class Init extends BaseCommand {
  static override readonly summary = 'Write a first cluster.yaml to start from; an existing file is never overwritten.'
  static override readonly examples = [
    '<%= config.bin %> init',
    '<%= config.bin %> init lab.yaml --name lab --host cp1=192.0.2.11:control-plane --host w1=192.0.2.21:worker',
  ]
  static override readonly args = { file: fileArg }
  static override readonly flags = {
    name: Flags.string({ description: 'name of the cluster' }),
    host: Flags.string({
      description: 'a host and its roles (repeatable); without roles it is a worker',
      helpValue: 'NAME=ADDRESS[:ROLE[+ROLE]]',
      multiple: true,
      multipleNonGreedy: true,
    }),
  }

  async execute() {
    const { args, flags } = await this.parse(Init)
    const { init } = await import('../actions/init.ts')
    return init({ file: args.file, name: flags.name, hosts: flags.host ?? [], output: flags.output })
  }
}
