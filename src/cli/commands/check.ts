import { Flags } from '@oclif/core'
import { BaseCommand, fileArg, parallelFlag } from '../base-command.ts'

export class Check extends BaseCommand {
  static override readonly summary =
    'Look for drift: what changed on the hosts since the last apply, apart from what the file asks for. Nothing is written.'
  static override readonly examples = [
    '<%= config.bin %> check',
    '<%= config.bin %> check lab.yaml --output prometheus --file /var/lib/node_exporter/evcctl.prom',
  ]
  static override readonly args = { file: fileArg }
  static override readonly flags = {
    output: Flags.option({
      options: ['text', 'json', 'prometheus'] as const,
      char: 'o',
      default: 'text' as const,
      description: 'text for people, json for programs (NDJSON), prometheus for monitoring',
      helpGroup: 'GLOBAL',
    })(),
    diff: Flags.boolean({ description: 'show files line by line' }),
    file: Flags.string({ description: 'write the metrics to this file as well', helpValue: 'FILE.prom' }),
    parallel: parallelFlag,
  }

  async execute() {
    const { args, flags } = await this.parse(Check)
    const { check } = await import('../actions/check.ts')
    const { cluster } = await import('../../../playbooks/cluster.ts')
    return check({ ...flags, operation: cluster, file: args.file, metrics: flags.file })
  }
}
