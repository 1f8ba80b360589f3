import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadClusterFile } from '../../src/config/index.ts'
import { exitCodes, formatError, UserErrors } from '../../src/core/index.ts'
import { cluster, errorsOf, parse } from './cluster-file.ts'

const bomb = `a: &a [x, x, x, x, x, x, x, x, x]
${['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].map((name, index) => `${name}: &${name} [${`*${'abcdefgh'[index]}, `.repeat(9)}]`).join('\n')}
`

describe('what is no YAML document with a mapping is one error', () => {
  it.each([
    ['a tab', 'spec:\n\thosts: []\n', '2:1', 'tabs for indentation'],
    ['an empty file', '', '1:1', 'This file is empty'],
    ['comments only', '# nothing\n\n', '1:1', 'This file is empty'],
    ['a document without content', '---\n', '1:1', 'This file is empty'],
    ['a duplicate key', 'kind: Cluster\nspec: {}\nkind: Cluster\n', '3:1', '"kind" stands twice'],
    ['two documents', 'kind: Cluster\n---\nkind: Cluster\n', '3:1', 'second YAML document'],
    ['a list', '- a\n- b\n', '1:1', 'a list'],
    ['a text', 'hello\n', '1:1', 'a single value'],
    ['a missing bracket', 'spec: { hosts: [\n', '1:16', 'This [ is not closed'],
    ['a missing bracket further up', 'a: [b, c\nd: 1\ne: 2\n', '1:4', 'Put the ] where'],
    ['a missing quote', 'spec: "abc\nkind: Cluster\n', '1:7', 'This " is not closed'],
    ['a line that is indented too deep', 'spec:\n  a: b\n    c: d\n', '2:6', 'The line below is indented deeper'],
    ['a line that is indented too little', 'hosts:\n  - a: b\n   c: d\n', '3:1', 'indentation does not fit'],
    ['a colon in a text', 'spec: a: b\n', '1:7', '": " in it needs quotes'],
    ['a no-break space', 'ssh:\n  \u00a0 user: a\n    key: b\n', '2:11', 'no-break space'],
    [
      'an entry of a list without its dash',
      'spec:\n  - a: 1\n    b: 2\n    a: 3\n',
      '4:5',
      'begin a new entry of the list',
    ],
    ['wrong indentation', 'spec:\n  a: 1\n b: 2\n', '3:1', 'indentation'],
    ['a tag', 'spec: !secret abc\n', '1:7', 'tags are not used'],
    ['bytes', 'metadata: { name: !!binary aGVsbG8= }\n', '1:28', 'tags are not used in this file: !!binary'],
    ['a date', 'metadata: { name: !!timestamp 2001-12-14 }\n', '1:31', '!!timestamp'],
    ['a set', 'spec: !!set { a, b }\n', '1:13', '!!set'],
    ['an ordered map', 'spec: !!omap [a: 1]\n', '1:14', '!!omap'],
    ['a tag of a list that is none', 'spec: !!pairs [a: 1]\n', '1:15', '!!pairs'],
    ['a template without quotes', 'metadata: { name: {{ name }} }\n', '1:20', 'A list or a mapping cannot be a key'],
    ['an alias without anchor', 'spec: *nothing\n', '1:7', 'anchor &nothing'],
    ['an alias inside of itself', 'spec: &a { b: [*a] }\n', '1:16', 'inside of what it names'],
    ['binary data', 'PK\u0000\u0003', '1:1', 'not a text file'],
  ])('that names the mistake: %s', (_, text, position, words) => {
    const errors = errorsOf(text)
    expect(errors.map(({ where }) => where)).toEqual([`/site/cluster.yaml:${position}`])
    expect(formatError(errors[0]!)).toContain(words)
  })

  it('absurd nesting is told where it goes too far', () => {
    const errors = errorsOf(`kind: Cluster\nspec:\n${' ['.repeat(50_000)}`)
    expect(errors).toHaveLength(1)
    expect(errors[0]?.where).toBe('/site/cluster.yaml:3:198')
    expect(errors[0]?.problem).toBe('This YAML is nested too deeply to be read.')
  })

  it('aliases that multiply', () => {
    const errors = errorsOf(bomb)
    expect(errors).toHaveLength(1)
    expect(errors[0]?.where).toMatch(/^\/site\/cluster\.yaml/)
    expect(errors[0]?.problem).toContain('aliases')
  })

  it.each([
    ['keys that stand twice', 'a: 1\n'.repeat(8_000)],
    ['tags', `a:\n${'- !x y\n'.repeat(8_000)}`],
    ['aliases of nothing', `a:\n${'- *x\n'.repeat(8_000)}`],
    ['lists as keys', `a:\n${'- {[b]: c}\n'.repeat(8_000)}`],
    ['values with a colon', 'a: b: c\n'.repeat(8_000)],
  ])('%s, thousands of them, are told up to fifty times', (_, text) => {
    expect(errorsOf(text)).toHaveLength(50)
  })

  it.each([
    ['in the next line', '    password: >-\n      hunter22\n    bad: [\n'],
    ['that is a list', '    passwords:\n    - hunter22\n    bad: [\n'],
    ['of an entry of a list', '    - sudo_password:\n        hunter22\n      bad: [\n'],
    ['in a quote that is open', '    password: "a\n    hunter22\n    bad: x\n'],
    ['beyond a blank line', '    password: |\n\n      hunter22\n\n      hunter22: [\n    bad: [\n'],
    ['in a flow mapping', '    a: { password:\n hunter22, bad: [\n'],
    ['of a URL', '    mirror: http://example/?token=hunter22\n    bad: [\n'],
  ])('hides a secret %s when the YAML around it is broken', (_, lines) => {
    const errors = errorsOf(`spec:\n  ssh:\n${lines}`)
    expect(errors.length).toBeGreaterThan(0)
    expect(JSON.stringify(errors)).not.toContain('hunter22')
  })

  it('hides the query of a URL that is not accepted', () => {
    const errors = errorsOf(cluster('artifacts: { mirror: "http://example/?token=hunter22", more: 1 }'))
    expect(errors.map(formatError).join()).toContain('http://example/?')
    expect(JSON.stringify(errors)).not.toContain('hunter22')
  })

  it('hides a password when the YAML around it is broken', () => {
    const text = 'spec:\n  ssh:\n    password: hunter22\n    user: [\n'
    expect(JSON.stringify(errorsOf(text))).not.toContain('hunter22')
  })
})

describe('what YAML allows is accepted', () => {
  it.each([
    ['a byte order mark', `\uFEFF${cluster()}`],
    ['line ends of Windows', cluster().replaceAll('\n', '\r\n')],
    ['a document start and end', `---\n${cluster()}...\n`],
    [
      'JSON',
      '{"apiVersion":"evcctl.dev/v1alpha1","kind":"Cluster","metadata":{"name":"edge"},"spec":{"hosts":[{"name":"cp1","address":"192.0.2.11","roles":["control-plane"]},{"name":"w1","address":"192.0.2.21","roles":["worker"]}]}}',
    ],
    ['sections of which all is commented out', cluster('kubernetes:\n    # version: 1.36.4\n  network:')],
  ])('as %s', (_, text) => {
    expect(parse(text).hosts.map(({ name }) => name)).toEqual(['cp1', 'w1'])
  })

  it('anchors and merge keys', () => {
    const spec = parse(`apiVersion: evcctl.dev/v1alpha1
kind: Cluster
metadata: { name: edge }
spec:
  hosts:
    - { name: cp1, address: 192.0.2.11, roles: [control-plane], ssh: &ssh { user: ada, port: 2222 } }
    - { name: w1, address: 192.0.2.21, roles: [worker], ssh: { <<: *ssh, port: 22 } }
`)
    expect(spec.hosts[1]?.ssh).toMatchObject({ user: 'ada', port: 22 })
  })

  it('names the place where a merged value is written', () => {
    const [error] = errorsOf(`apiVersion: evcctl.dev/v1alpha1
kind: Cluster
metadata: { name: edge }
spec:
  hosts:
    - { name: cp1, address: 192.0.2.11, roles: [control-plane], ssh: &ssh { user: "a b" } }
    - { name: w1, address: 192.0.2.21, roles: [worker], ssh: { <<: *ssh } }
`)
    expect(error?.where).toBe('/site/cluster.yaml:6:83  spec.hosts[0].ssh.user')
  })
})

describe('a file that cannot be read', () => {
  const folder = mkdtempSync(join(tmpdir(), 'evcctl-config-'))
  const latin1 = join(folder, 'latin1.yaml')
  writeFileSync(latin1, Buffer.from([0x61, 0x3a, 0x20, 0xfc]))
  it.each([
    ['is missing', join(folder, 'none.yaml'), 'There is no such file.'],
    ['is a folder', folder, 'It is a folder, not a file.'],
    ['lies below a file', join(latin1, 'cluster.yaml'), 'A part of the path before the file is not a folder.'],
    ['is a device', '/dev/zero', 'It is a device, not a file.'],
    ['is not UTF-8', latin1, 'This is not a text file in UTF-8.'],
  ])('is told as such where it %s', async (_, file, problem) => {
    const error = await loadClusterFile(file).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(UserErrors)
    expect(error).toMatchObject({ exitCode: exitCodes.badInput, details: { where: file, problem } })
    expect(String(error)).not.toContain('undefined')
  })
})

it('takes a file in which some thousand hosts have settings in common', () => {
  const workers = Array.from(
    { length: 3_000 },
    (_, at) => `{ name: w${at}, address: 10.1.${at >> 8}.${at & 255}, roles: [worker], ssh: *common }`,
  )
  const first = '{ name: cp1, address: 10.0.0.1, roles: [control-plane], ssh: &common { user: edge } }'
  const { hosts } = parse(cluster('network: { podCIDR: 172.16.0.0/12 }', [first, ...workers]))
  expect(hosts).toHaveLength(3_001)
  expect(hosts.at(-1)?.ssh.user).toBe('edge')
})
