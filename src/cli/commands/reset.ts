import { Args, Flags } from '@oclif/core'
import { BaseCommand, parallelFlag } from '../base-command.ts'

/** A word that is the path of a cluster file and not the name of a host. */
const isFile = /\/|\.(ya?ml|json)$/

export class Reset extends BaseCommand {
  static override readonly summary =
    'Take hosts, or the whole cluster, apart: shows the plan, asks for the name of the cluster.'
  static override readonly usage = 'reset [FILE] HOST... [FLAGS]'
  static override readonly description =
    'Hosts leave the cluster as with state: absent; then what evcctl has put on them is taken back. With --all the cluster ' +
    'itself goes away, with all that is in it. A word that ends in .yaml or .yml, or has a slash in it, is the file. ' +
    'docs/operations/reset.md says what stays.'
  static override readonly examples = ['<%= config.bin %> reset w3', '<%= config.bin %> reset lab.yaml --all --yes lab']
  static override readonly strict = false
  static override readonly args = {
    host: Args.string({ description: 'the cluster file, and the hosts', required: false, ignoreStdin: true }),
  }
  static override readonly flags = {
    all: Flags.boolean({ description: 'all hosts of the file, and so the cluster', default: false }),
    yes: Flags.string({
      char: 'y',
      description: 'do not ask; the value is the name of the cluster',
      helpValue: 'CLUSTER',
    }),
    'dry-run': Flags.boolean({ description: 'show the plan and write nothing', default: false }),
    parallel: parallelFlag,
  }

  async execute() {
    const { argv, flags } = await this.parse(Reset)
    const { reset } = await import('../actions/reset.ts')
    const words = argv.map(String)
    const at = words.findIndex(word => isFile.test(word))
    const { yes, all, output, parallel } = flags
    return reset({
      file: words[at] ?? 'cluster.yaml',
      names: [...new Set(words.filter((_, index) => index !== at))],
      all,
      output,
      parallel,
      dryRun: flags['dry-run'],
      ...(yes === undefined ? {} : { yes }),
    })
  }
}
