/** Writes docs/cluster-yaml.md from the schema of cluster.yaml. A test fails if the committed file is not current. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { clusterJsonSchema, type JsonSchema } from '../src/config/index.ts'

const introduction = `# cluster.yaml

<!-- Written by scripts/docs.ts from src/config/schema; change it there. -->

One file describes a cluster. \`evcctl init\` writes a commented one to start from, \`evcctl validate\` checks it without
touching a host, and \`evcctl schema\` prints its JSON Schema for editors:

\`\`\`yaml
# yaml-language-server: $schema=./cluster.schema.json
\`\`\`

- Unknown keys are errors. All errors are reported at once, with file, line, column and path.
- Relative paths start at the folder of the file; \`~\` is the home folder.
- Durations have a unit (\`500ms\`, \`30s\`, \`5m\`, \`1h30m\`), sizes too (\`1500Mi\`, \`2Gi\`, \`2G\`).
- evcctl substitutes nothing in texts. Secrets are never in the file: \`{ fromEnv: NAME }\`, \`{ fromFile: path }\` or
  \`{ prompt: true }\` say where evcctl reads them. It warns about a file that others can read: \`chmod 600\` it.
- Versions are full (\`1.36.4\`, also \`v1.36.4\`), so that the file means the same later.
`

/** The Markdown of docs/cluster-yaml.md. */
export function clusterReference(): string {
  const schema = clusterJsonSchema()
  const top = schema.properties ?? {}
  const spec = top.spec?.properties ?? {}
  const blocks = [
    introduction,
    heading('The file'),
    table(rows({ ...top, spec: withoutKeys(top.spec ?? {}) }, '', schema.required)),
  ]
  for (const [name, section] of Object.entries(spec)) {
    const properties = section.items?.properties ?? section.properties ?? {}
    const title = section.items === undefined ? `spec.${name}` : `spec.${name}[]`
    blocks.push(
      heading(`\`${title}\``),
      `${section.description ?? ''}\n`,
      table(rows(properties, '', requiredOf(section))),
    )
  }
  return `${blocks.join('\n').trimEnd()}\n`
}

function withoutKeys({ properties: _, ...schema }: JsonSchema): JsonSchema {
  return schema
}

interface Row {
  readonly key: string
  readonly accepts: string
  readonly standard: string
  readonly description: string
}

function rows(
  properties: Readonly<Record<string, JsonSchema>>,
  prefix: string,
  required: readonly string[] = [],
): readonly Row[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const key = `${prefix}${name}`
    // A host's `ssh` has the same keys as spec.ssh, so these are not listed twice.
    const own = name === 'ssh' && prefix === '' ? {} : (nested(schema)?.properties ?? {})
    const inner = rows(own, `${key}${schema.items === undefined ? '' : '[]'}.`, nested(schema)?.required)
    return [
      {
        key,
        accepts: accepts(schema),
        standard: standard(schema, required.includes(name)),
        description: schema.description ?? '',
      },
      ...inner,
    ]
  })
}

function nested(schema: JsonSchema): JsonSchema | undefined {
  const candidates = isSecret(schema) ? [] : [schema, schema.items, ...(schema.items?.anyOf ?? [])]
  return candidates.find(candidate => candidate?.properties !== undefined)
}

function isSecret(schema: JsonSchema): boolean {
  return schema.properties?.fromEnv !== undefined
}

function requiredOf(schema: JsonSchema): readonly string[] {
  return schema.items?.required ?? schema.required ?? []
}

function accepts(schema: JsonSchema): string {
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(accepts))].join(' or ')
  if (schema.const !== undefined) return `\`${String(schema.const)}\``
  if (schema.enum !== undefined) return schema.enum.map(value => `\`${String(value)}\``).join(', ')
  if (schema.type === 'array') return `list of ${schema.items === undefined ? 'values' : accepts(schema.items)}`
  if (isSecret(schema)) return '`{ fromEnv: NAME }`, `{ fromFile: path }` or `{ prompt: true }`'
  if (schema.type === 'object') return 'mapping'
  if (schema.type === 'string') return 'text'
  return schema.type ?? 'any value'
}

function standard(schema: JsonSchema, required: boolean): string {
  if (required && schema.default === undefined) return 'required'
  const empty = typeof schema.default === 'object'
  return schema.default === undefined || empty ? '' : `\`${String(schema.default)}\``
}

function heading(text: string): string {
  return `## ${text}\n`
}

function table(lines: readonly Row[]): string {
  const cells = lines.map(
    row => `| \`${row.key}\` | ${cell(row.accepts)} | ${cell(row.standard)} | ${cell(row.description)} |`,
  )
  return ['| key | accepts | default | what it is |', '| --- | --- | --- | --- |', ...cells, ''].join('\n')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(new URL('../docs/cluster-yaml.md', import.meta.url), clusterReference())
