import { Args, Flags } from '@oclif/core'
import { BaseCommand, operationFlags } from '../base-command.ts'

/** A word that is the path of a cluster file and not the name of a node. */
const isFile = /\/|\.(ya?ml|json)$/

export class Remove extends BaseCommand {
  static override readonly summary = 'Remove nodes that are in the cluster and not in the cluster file.'
  static override readonly usage = 'remove NODE... [FILE] [FLAGS]'
  static override readonly description =
    'The same as apply --prune, for these nodes alone: shows the plan, asks once, does it. The last word is the file if it ends ' +
    'in .yaml or .yml, or has a slash in it. A host that the file has leaves by state: absent, so that it is cleaned as well.'
  static override readonly examples = ['<%= config.bin %> remove w3', '<%= config.bin %> remove w3 w4 lab.yaml --yes']
  static override readonly strict = false
  static override readonly args = {
    node: Args.string({ description: 'the nodes, and maybe the cluster file', required: true, ignoreStdin: true }),
  }
  static override readonly flags = {
    ...operationFlags,
    diff: Flags.boolean({ description: 'show files line by line' }),
  }

  async execute() {
    const { argv, flags } = await this.parse(Remove)
    const { remove } = await import('../actions/remove.ts')
    const { cluster } = await import('../../../playbooks/cluster.ts')
    const words = argv.map(String)
    const last = words.at(-1) ?? ''
    const named = isFile.test(last)
    return remove({
      ...flags,
      operation: cluster,
      file: named ? last : 'cluster.yaml',
      nodes: named ? words.slice(0, -1) : words,
      dryRun: flags['dry-run'],
    })
  }
}
