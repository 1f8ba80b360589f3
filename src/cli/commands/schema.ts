import { BaseCommand } from '../base-command.ts'

export class Schema extends BaseCommand {
  static override readonly summary = 'Print the JSON Schema of cluster.yaml, for editors.'
  static override readonly examples = ['<%= config.bin %> schema > cluster.schema.json']

  async execute() {
    await this.parse(Schema)
    const { printSchema } = await import('../actions/schema.ts')
    return printSchema()
  }
}
