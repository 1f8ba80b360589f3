import { Flags } from '@oclif/core'
import { BaseCommand, fileArg, parallelFlag } from '../base-command.ts'

export class Exec extends BaseCommand {
  static override readonly summary = 'Run a command on all or some hosts in parallel.'
  static override readonly usage = 'exec [FILE] [FLAGS] -- COMMAND [ARGUMENTS]'
  static override readonly description =
    'A single argument after -- is a shell command line; several are one command and its arguments, passed on as they are. ' +
    'Output is shown as it comes, each line with the name of its host.'
  static override readonly examples = [
    '<%= config.bin %> exec -- uptime',
    "<%= config.bin %> exec --role worker --sudo -- 'journalctl -u kubelet | tail -3'",
  ]
  static override readonly args = { file: fileArg }
  static override readonly flags = {
    host: Flags.string({ description: 'only this host (repeatable)', multiple: true, multipleNonGreedy: true }),
    role: Flags.option({
      options: ['control-plane', 'worker', 'etcd'] as const,
      description: 'only hosts with this role',
    })(),
    sudo: Flags.boolean({ description: 'run it as root' }),
    parallel: parallelFlag,
  }

  async execute() {
    // oclif reorders the words after `--` when one occurs twice, so they are cut off before it parses.
    const at = this.argv.indexOf('--')
    const command = at < 0 ? [] : this.argv.slice(at + 1)
    const { args, flags } = await this.parse(Exec, at < 0 ? this.argv : this.argv.slice(0, at))
    const { exec } = await import('../actions/exec.ts')
    return exec({ ...flags, file: args.file, hosts: flags.host ?? [], command })
  }
}
