import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { clusterReference } from '../../scripts/docs.ts'
import { clusterJsonSchema, type JsonSchema, parseClusterFile, starterFile } from '../../src/config/index.ts'
import { UserErrors } from '../../src/core/index.ts'
import { cluster, errorsOf, parse, workerWith } from './cluster-file.ts'

const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(clusterJsonSchema())

// The starter file with one more, or all, of its commented settings switched on.
function switchedOn(): string {
  const setting = /^( *)# ((?: {2})?[\w-]+:(?: .*)?)$/
  return starterFile()
    .split('\n')
    .map(line => (line.startsWith(' ') ? line.replace(setting, '$1$2') : line))
    .join('\n')
}

describe('JSON Schema', () => {
  it.each([
    ['the starter file', starterFile()],
    ['all settings of the starter file', switchedOn()],
    ['the smallest file', cluster()],
    ['patches', cluster('kubernetes: { kubeletConfiguration: { failCgroupV1: false, x: null } }')],
    ['archives', cluster('images: { archives: ["http://a.example/x.tar", { file: y.tar }] }')],
  ])('accepts %s', (_, text) => {
    expect(validate(parseYaml(text)), JSON.stringify(validate.errors)).toBe(true)
  })

  it.each([
    ['an unknown key', cluster('etcd: { nodes: 3 }')],
    ['a number as version', cluster('kubernetes: { version: 1.36 }')],
    ['a label that Kubernetes refuses', cluster('', [workerWith('labels: { "a b": c }')])],
    ['a secret from two sources', cluster('ssh: { password: { fromEnv: A, prompt: true } }')],
    ['no hosts', 'apiVersion: evcctl.dev/v1alpha1\nkind: Cluster\nmetadata: { name: a }\nspec: {}\n'],
  ])('refuses %s', (_, text) => {
    expect(validate(parseYaml(text))).toBe(false)
  })

  it('describes every key', () => {
    const undescribed: string[] = []
    const visit = (schema: JsonSchema, path: string): void => {
      for (const part of [schema, ...(schema.anyOf ?? [])])
        for (const [name, property] of Object.entries(part.properties ?? {})) {
          if (property.description === undefined) undescribed.push(`${path}.${name}`)
          visit(property, `${path}.${name}`)
        }
      if (schema.items !== undefined) visit(schema.items, `${path}[]`)
    }
    visit(clusterJsonSchema(), '')
    expect(undescribed).toEqual([])
  })

  it('is what docs/cluster-yaml.md was made from (node scripts/docs.ts)', () => {
    const committed = readFileSync(new URL('../../docs/cluster-yaml.md', import.meta.url), 'utf8')
    expect(committed).toBe(clusterReference())
  })
})

describe('the starter file', () => {
  it('is valid as it is', () => {
    expect(parse(starterFile('edge')).name).toBe('edge')
  })

  it('is valid with everything switched on', () => {
    const spec = parse(switchedOn())
    expect(spec.controlPlane.endpoint).toBe('api.example.com:6443')
    expect(spec.hosts[1]).toMatchObject({ privateAddress: '192.0.2.121', taints: [{ key: 'example.com/gpu' }] })
    expect(spec.os.sysctls).toEqual({ 'vm.max_map_count': '262144' })
  })
})

describe('whatever the file holds', () => {
  const keys = [
    'apiVersion',
    'kind',
    'metadata',
    'name',
    'spec',
    'hosts',
    'roles',
    'address',
    'ssh',
    'password',
    'network',
    'podCIDR',
    '__proto__',
    '<<',
    '',
  ]
  const scalar = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.constantFrom('worker', '10.0.0.0/8', 'cp1'),
  )
  const { tree } = fc.letrec(tie => ({
    tree: fc.oneof(
      { maxDepth: 5 },
      scalar,
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.dictionary(fc.oneof(fc.constantFrom(...keys), fc.string()), tie('tree'), { maxKeys: 5 }),
    ),
  }))

  const tokens = fc.constantFrom(
    ...'[]{},&*!|>"\'#%@?:-\t\n '.split(''),
    ': ',
    '- ',
    '  ',
    '\n  ',
    '<<: *a',
    '&a ',
    'a',
    'b: ',
    '1.36',
    '\r\n',
  )

  function check(text: string): void {
    try {
      // The lock file is the same text, so that it is held against anything, too.
      parseClusterFile(text, 'cluster.yaml', { kind: () => undefined, readFile: () => text, env: {} })
    } catch (error) {
      expect(error).toBeInstanceOf(UserErrors)
      for (const { details } of (error as UserErrors).errors)
        expect(details.where).toMatch(/^cluster\.(lock\.)?yaml|^\//)
    }
  }

  it('only UserErrors are thrown, for any text', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), bytes => check(new TextDecoder().decode(bytes))))
    fc.assert(fc.property(fc.array(tokens, { maxLength: 30 }), parts => check(parts.join(''))))
  })

  it('only UserErrors are thrown, for any tree', () => {
    fc.assert(fc.property(tree, value => check(JSON.stringify(value))))
  })

  it('only UserErrors are thrown, for any change of a valid file', () => {
    const text = switchedOn()
    const place = fc.nat({ max: text.length })
    fc.assert(
      fc.property(place, fc.nat({ max: 20 }), fc.string({ maxLength: 5 }), (at, cut, put) =>
        check(text.slice(0, at) + put + text.slice(at + cut)),
      ),
    )
  }, 60_000)

  it('any value in the place of a section is explained', () => {
    const sections = Object.keys(clusterJsonSchema().properties?.spec?.properties ?? {})
    fc.assert(
      fc.property(fc.constantFrom(...sections), tree, (section, value) => {
        const text = cluster(section === 'hosts' ? '' : `${section}: ${JSON.stringify(value)}`)
        for (const { problem } of errorsOf(text)) expect(problem).not.toBe('')
      }),
    )
  })
})
