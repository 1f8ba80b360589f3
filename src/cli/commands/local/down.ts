import { Flags } from '@oclif/core'
import { localActions } from '../../actions/local-actions.ts'
import { BaseCommand } from '../../base-command.ts'

export class LocalDown extends BaseCommand {
  static override readonly summary = 'Remove the hosts that local up started.'
  static override readonly flags = {
    name: Flags.string({ description: 'name of the set of hosts', default: 'evcctl-local' }),
  }

  async execute() {
    const { flags } = await this.parse(LocalDown)
    const { localDown } = await localActions()
    return localDown(flags)
  }
}
