import { BaseCommand } from '../../base-command.ts'
import { localActions } from '../../local-actions.ts'

export class LocalList extends BaseCommand {
  static override readonly summary = 'List the hosts that local up started.'

  async execute() {
    const { flags } = await this.parse(LocalList)
    const { localList } = await localActions()
    return localList(flags)
  }
}
