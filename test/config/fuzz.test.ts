import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isMap, isScalar, isSeq, type Node, parseDocument, visit } from 'yaml'
import { starterFile } from '../../src/config/index.ts'
import { formatError, UserErrors } from '../../src/core/index.ts'
import { anyText, fuzzing } from '../kit/fuzz.ts'
import { cluster, parse } from './cluster-file.ts'

const files = [
  cluster(),
  starterFile(),
  cluster(
    `kubernetes: { version: 1.36.4, kubeletConfiguration: { maxPods: 50, evictionHard: { memory.available: 5% } },
      clusterConfiguration: { apiServer: { extraArgs: [{ name: v, value: "2" }] } } }
  network: { podCIDR: 10.1.0.0/16, cni: cilium, cilium: { values: { hubble: { enabled: true } } } }
  ssh: { user: ubuntu, port: 22, proxyJump: "a@b:22", knownHosts: { policy: accept-new } }
  runtime: { registryMirrors: { docker.io: ["https://mirror.example"] } }
  firewall: { apiFrom: [192.0.2.0/24], extraPorts: [{ port: 9100, from: [192.0.2.5] }] }
  etcd: { topology: external }
  artifacts: { mirror: "https://mirror.example", checksums: { "a": "${'a'.repeat(64)}" } }
  os: { sysctls: { vm.swappiness: 10 } }`,
    [
      '{ name: cp1, address: 192.0.2.11, privateAddress: 10.0.0.1, roles: [control-plane], labels: { a/b: c } }',
      '{ name: e1, address: 192.0.2.12, roles: [etcd] }',
      '{ name: w1, address: 192.0.2.21, roles: [worker], taints: [{ key: a, value: b, effect: NoSchedule }] }',
    ],
  ),
]

// biome-ignore format: a table of words
const words = [
  'null', '~', 'true', '1.30', '0x1f', '.nan', '-.inf', '1e400', '""', "'", '"', '[', '{', '}', ']', ':', '- ', '? ', '#', '|', '>',
  '&a ', '*a', '*a : ', '<<: *a', '<<: [*a, *a]', '!!binary ', '!!binary aGVsbG8=', '!!timestamp 2001-12-14', '!!set {a, b}', '!!omap [a: 1]',
  '!!pairs [a: 1]', '!!str ', '!!int ', '!!float ', '!!map ', '!!seq ', '!local ', '!<tag:x> ', '%YAML 1.1\n---\n', '---\n', '...\n', '\t',
  '\n', '\r\n', '\u00a0', '\u2028', '\ufeff', '\u0000', '\ud83d', '😀', '__proto__', 'constructor', 'toString', 'a: ', '  ', '[[[[[[[[',
  '${HOME}', '{{ x }}', '2001:db8::1', '10.0.0.0/8', '-1', '99999999999999999999', '0', 'prototype: {}',
]

const textEdit = fc.tuple(
  fc.constantFrom('insert', 'replace', 'remove', 'double'),
  fc.nat(),
  fc.nat(30),
  fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...words) }, { weight: 1, arbitrary: anyText(10) }),
)

function editText(text: string, [kind, position, length, word]: readonly [string, number, number, string]): string {
  const at = position % (text.length + 1)
  const rest = text.slice(at + length)
  switch (kind) {
    case 'insert':
      return text.slice(0, at) + word + text.slice(at)
    case 'replace':
      return text.slice(0, at) + word + rest
    case 'remove':
      return text.slice(0, at) + rest
    default:
      return text.slice(0, at) + text.slice(at, at + length).repeat(2) + rest
  }
}

const tags = ['!!binary', '!!timestamp', '!!set', '!!omap', '!!str', '!!int', '!!map', '!!seq', '!x']
const treeEdit = fc.tuple(
  fc.constantFrom('value', 'key', 'tag', 'remove', 'nest', 'copy'),
  fc.nat(),
  fc.nat(),
  fc.oneof(
    fc.anything({ maxDepth: 2, withBigInt: false }),
    fc.constantFrom<unknown>('aGVsbG8=', '2001-12-14', '1.36', '*', null, {}, [], [null], -1, 1e30, Number.NaN),
  ),
)

function editTree(text: string, [kind, position, other, value]: readonly [string, number, number, unknown]): string {
  const document = parseDocument(text)
  const nodes: Node[] = []
  visit(document, { Node: (_, node) => void nodes.push(node as Node) })
  const node = nodes[position % nodes.length]
  const another = nodes[other % nodes.length]
  if (kind === 'tag' && node !== undefined) node.tag = tags[other % tags.length] as string
  else if (isMap(node)) {
    const pair = node.items[other % Math.max(1, node.items.length)]
    if (pair === undefined) return text
    if (kind === 'key') pair.key = document.createNode(value) as typeof pair.key
    else if (kind === 'remove') node.items.splice(node.items.indexOf(pair), 1)
    else if (kind === 'copy' && !isInside(another, node)) pair.value = (another?.clone() ?? null) as typeof pair.value
    else pair.value = document.createNode(kind === 'nest' ? [{ a: value }] : value) as typeof pair.value
  } else if (isSeq(node)) node.items.push(document.createNode(value) as never)
  else if (isScalar(node)) Object.assign(node, { value, tag: undefined, source: undefined })
  return String(document)
}

function isInside(node: Node | undefined, parent: Node): boolean {
  const below: Node[] = []
  if (node !== undefined) visit(node, { Node: (_, one) => void below.push(one as Node) })
  return below.includes(parent)
}

/** A spec, or errors that name a place in the file: anything else is a mistake of evcctl. */
function expectAnswer(text: string): void {
  try {
    parse(text)
  } catch (error) {
    if (!(error instanceof UserErrors)) throw error
    for (const one of error.errors) {
      expect(one.details.where).toMatch(/^\/site\/cluster\.yaml/)
      const said = formatError(one.details)
      for (const slip of ['undefined', '[object Object]']) if (!text.includes(slip)) expect(said).not.toContain(slip)
    }
  }
}

it('any cluster file whose text was mutated gives a spec or errors with a place', { timeout: 3_600_000 }, () => {
  const edits = fc.tuple(fc.constantFrom(...files), fc.array(textEdit, { minLength: 1, maxLength: 4 }))
  fc.assert(
    fc.property(edits, ([file, list]) => expectAnswer(list.reduce(editText, file))),
    fuzzing('mutated text of cluster files'),
  )
})

it('any cluster file whose values were mutated gives a spec or errors with a place', { timeout: 3_600_000 }, () => {
  const edits = fc.tuple(fc.constantFrom(...files), fc.array(treeEdit, { minLength: 1, maxLength: 3 }))
  fc.assert(
    fc.property(edits, ([file, list]) => {
      let text = file
      for (const edit of list) {
        try {
          text = editTree(text, edit)
        } catch {
          // What yaml cannot write is no file.
          return
        }
      }
      expectAnswer(text)
    }),
    fuzzing('mutated values of cluster files'),
  )
})
