import { Flags } from '@oclif/core'
import { BaseCommand, fileArg } from '../base-command.ts'

export class Kubeconfig extends BaseCommand {
  static override readonly summary =
    'Print a kubeconfig that works from here, of the administrator or of a user, or merge it into yours.'
  static override readonly examples = [
    '<%= config.bin %> kubeconfig --merge && kubectl get nodes',
    '<%= config.bin %> kubeconfig --file ./lab.kubeconfig',
    '<%= config.bin %> kubeconfig --user ana --group developers --for 8h --file ./ana.kubeconfig',
  ]
  static override readonly args = { file: fileArg }
  static override readonly flags = {
    merge: Flags.boolean({
      description: 'add it to $KUBECONFIG or ~/.kube/config and switch to it; all else in there stays',
      exclusive: ['file'],
    }),
    file: Flags.string({ description: 'write it to this file (mode 0600)', helpValue: 'PATH' }),
    force: Flags.boolean({
      description: 'replace entries of another cluster of this name, or with --file all of the file',
    }),
    server: Flags.string({
      description: 'API server address to put in (default: the external endpoint, else the first control plane node)',
      helpValue: 'URL',
    }),
    user: Flags.string({
      description: 'a certificate of its own for this user, whom RBAC has to give rights',
      helpValue: 'NAME',
      exclusive: ['merge'],
    }),
    group: Flags.string({
      description: 'a group of the user (repeatable)',
      helpValue: 'NAME',
      multiple: true,
      default: [],
    }),
    for: Flags.string({ description: 'how long that certificate is good (default 8h)', helpValue: 'DURATION' }),
  }

  async execute() {
    const { args, flags } = await this.parse(Kubeconfig)
    const { userRequest } = await import('../kubeconfig/user-flags.ts')
    const user = userRequest(flags)
    const { kubeconfig } = await import('../actions/kubeconfig.ts')
    return kubeconfig({
      cluster: args.file,
      merge: flags.merge,
      file: flags.file,
      force: flags.force,
      server: flags.server,
      user,
      output: flags.output,
    })
  }
}
