import { Flags } from '@oclif/core'
import { localActions } from '../../actions/local-actions.ts'
import { BaseCommand } from '../../base-command.ts'

export class LocalUp extends BaseCommand {
  static override readonly summary =
    'Start hosts as containers on this machine, to try evcctl on, and write their cluster file.'
  static override readonly examples = ['<%= config.bin %> local up && <%= config.bin %> apply evcctl-local.yaml']
  static override readonly flags = {
    nodes: Flags.string({
      description: 'control plane nodes + workers + hosts that only run etcd',
      helpValue: 'CONTROL+WORKERS+ETCD',
      default: '1+2',
    }),
    name: Flags.string({ description: 'name of the set of hosts, and of the cluster', default: 'evcctl-local' }),
    image: Flags.option({
      options: ['bookworm', 'trixie'] as const,
      description: 'Debian release of the hosts',
      default: 'trixie' as const,
    })(),
    kubernetes: Flags.string({ description: 'Kubernetes version to put into the cluster file', helpValue: 'VERSION' }),
    mirror: Flags.string({ description: 'artifact mirror to put into the cluster file', helpValue: 'URL' }),
    force: Flags.boolean({ description: 'overwrite a cluster file of that name' }),
    checksums: Flags.string({ description: 'checksums file to put into the cluster file', helpValue: 'PATH' }),
  }

  async execute() {
    const { flags } = await this.parse(LocalUp)
    const { localUp } = await localActions()
    return localUp(flags)
  }
}
