import { localActions } from '../../actions/local-actions.ts'
import { BaseCommand } from '../../base-command.ts'

export class LocalList extends BaseCommand {
  static override readonly summary = 'List the hosts that local up started.'

  async execute() {
    const { flags } = await this.parse(LocalList)
    const { localList } = await localActions()
    return localList(flags)
  }
}
