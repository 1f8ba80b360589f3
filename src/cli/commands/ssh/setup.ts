import { Flags } from '@oclif/core'
import { BaseCommand, fileArg } from '../../base-command.ts'

export class SshSetup extends BaseCommand {
  static override readonly summary =
    'Let one SSH key into every host: make it, record host keys, distribute it, prove login and root.'
  static override readonly description =
    'Passwords are asked for without echo, used for this run, and stored nowhere. What is right already is left alone.'
  static override readonly examples = [
    '<%= config.bin %> ssh setup',
    '<%= config.bin %> ssh setup lab.yaml --ask-password each',
    '<%= config.bin %> ssh setup --dry-run',
  ]
  static override readonly args = { file: fileArg }
  static override readonly flags = {
    'ask-password': Flags.option({
      options: ['once', 'each'] as const,
      default: 'once' as const,
      description: 'one password for all hosts (asked again where it is wrong), or one for each',
    })(),
    'accept-new': Flags.boolean({
      aliases: ['yes'],
      description: 'record unknown host keys without asking; a changed key is refused nevertheless',
    }),
    'identity-file': Flags.string({
      description: 'the private key; default: ssh.identityFile of the cluster file, else ~/.ssh/id_ed25519',
      helpValue: 'PATH',
    }),
    'dry-run': Flags.boolean({ description: 'only look; write nothing, here or there' }),
  }

  async execute() {
    const { args, flags } = await this.parse(SshSetup)
    const { sshSetup } = await import('../../actions/ssh-setup.ts')
    return sshSetup({
      file: args.file,
      askPassword: flags['ask-password'],
      acceptNew: flags['accept-new'],
      identityFile: flags['identity-file'],
      dryRun: flags['dry-run'],
      output: flags.output,
    })
  }
}
