import { Flags } from '@oclif/core'
import { BaseCommand, fileArg, parallelFlag } from '../base-command.ts'

export class Check extends BaseCommand {
  static override readonly summary =
    'Look for drift: what changed on the hosts since the last apply, apart from what the file asks for. Nothing is written.'
  static override readonly examples = [
    '<%= config.bin %> check',
    '<%= config.bin %> check lab.yaml --install-timer --file /var/lib/node_exporter/evcctl.prom',
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
    'install-timer': Flags.boolean({
      description: 'have systemd on this machine check regularly',
      exclusive: ['uninstall-timer'],
    }),
    'uninstall-timer': Flags.boolean({ description: 'take that timer away' }),
    every: Flags.integer({ description: 'minutes between two checks of the timer', default: 60, min: 5, max: 10_080 }),
    yes: Flags.boolean({ char: 'y', description: 'do not ask before the timer is written or taken away' }),
    parallel: parallelFlag,
  }

  async execute() {
    const { args, flags } = await this.parse(Check)
    if (flags['install-timer'] || flags['uninstall-timer']) {
      const { installTimer, uninstallTimer } = await import('../actions/check-timer.ts')
      const work = flags['install-timer'] ? installTimer : uninstallTimer
      return work({ ...flags, file: args.file, metrics: flags.file, everyMinutes: flags.every })
    }
    const { check } = await import('../actions/check.ts')
    const { cluster } = await import('../../../playbooks/cluster.ts')
    return check({ ...flags, operation: cluster, file: args.file, metrics: flags.file })
  }
}
