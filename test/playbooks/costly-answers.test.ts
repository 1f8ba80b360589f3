import { expect, test } from 'vitest'
import { readHostAnswer } from '../../src/cli/health-answer.ts'
import { nodesIn, podsIn, versionIn } from '../../src/cli/listed-objects.ts'
import { limits, listBytes, surveyBytes, usualProbeBytes } from '../../src/core/limits.ts'
import { parseFacts } from '../../src/engine/facts-parse.ts'
import { parseLockState } from '../../src/engine/lock-state.ts'
import type { ProbeResult } from '../../src/index.ts'
import { hostYaml } from '../../src/resources/host-yaml.ts'
import { tasks, wantedOf, wordsOf } from './every-probe.ts'

/** What reads an answer of a host in one go. */
interface Reader {
  readonly name: string
  /** The most that it is given, bytes. */
  readonly most: number
  readonly keys: readonly string[]
  readonly paths: readonly string[]
  read(raw: ProbeResult): void
}

type Text = (bytes: number) => string

const filled =
  (unit: string, begin = '', end = ''): Text =>
  bytes =>
    `${begin}${unit.repeat(Math.max(1, Math.floor((bytes - begin.length - end.length) / unit.length)))}${end}`

const counted =
  (of: (number: number) => string, begin = '', end = ''): Text =>
  bytes => {
    const parts: string[] = []
    let length = begin.length + end.length
    for (let number = 0; length < bytes; number++) {
      const part = of(number)
      length += part.length
      if (length <= bytes) parts.push(part)
    }
    return `${begin}${parts.join('')}${end}`
  }

/** Of something that is worse the more there are: so many, that they fill the text. */
const squared =
  (of: (one: number, other: number) => string, begin = '', end = ''): Text =>
  bytes => {
    const count = Math.max(2, Math.floor(Math.sqrt(bytes / of(100, 100).length)))
    return (
      filled('', begin, end)(0) +
      ''.concat(...Array.from({ length: count ** 2 }, (_, at) => of(Math.floor(at / count), at % count)))
    )
  }

/** Texts that are costly to one who reads them carelessly. */
const plain = {
  blanks: filled(' '),
  newlines: filled('\n'),
  'one long line': filled('x'),
  'blanks in a word': filled(' ', 'x', 'x'),
  'double quotes': filled('"'),
  'single quotes': filled("'"),
  'one open quote': filled('\\"', '"'),
  dashes: filled(' --'),
  digits: filled('1'),
  'lines of equal signs': filled('=\n'),
  lists: filled('[', '', ''),
  mappings: filled('{"a":'),
  'closing brackets': filled('}'),
  commas: filled(',', '['),
  keys: counted(number => `k${number}: 1\n`),
  'keys of JSON': counted(number => `"k${number}":1,`, '{', '"k":1}'),
  'one key again and again': filled('a: 1\n'),
  aliases: filled('- *a\n', '- &a [1]\n'),
  anchors: counted(number => `- &a${number} 1\n- *a${number}\n`),
  tags: filled('!a '),
  'flags of a kubelet': counted(number => `--f${number}=1 `, 'KUBELET_KUBEADM_ARGS="', '"\n'),
  'blanks among the flags of a kubelet': filled(' ', 'KUBELET_KUBEADM_ARGS="--a=b', '"\n'),
  'a sysctl again and again': filled('/proc/sys/net/ipv4/ip_forward:1\n'),
  'blocks of systemctl show': filled('Names=kubelet.service\nId=a\n\n'),
  'chains that lead to each other': squared(
    (one, other) => `iptables=-A ${one === 0 ? 'INPUT' : `c${one}`} -j c${other}\n`,
  ),
  'chains one after the other': counted(
    number => `iptables=-A ${number === 0 ? 'INPUT' : `c${number}`} -j c${number + 1}\n`,
  ),
  'chains of nftables that lead to each other': bytes => {
    const count = Math.floor(Math.sqrt(bytes / 70))
    const name = (number: number) => (number === 0 ? 'input' : `c${number}`)
    const chain = (number: number) => `{"chain":{"name":"${name(number)}"${number === 0 ? ',"hook":"input"' : ''}}}`
    const rule = (one: number, other: number) =>
      `{"rule":{"chain":"${name(one)}","expr":[{"jump":{"target":"c${other}"}}]}}`
    const numbers = Array.from({ length: count }, (_, number) => number)
    return `nft={"nftables":[${[...numbers.map(chain), ...numbers.flatMap(one => numbers.map(other => rule(one, other)))].join(',')}]}\n`
  },
  'base chains of nftables': counted(
    number =>
      `,{"chain":{"name":"a${number}","hook":"input","policy":"drop"}},{"rule":{"chain":"a${number}","expr":[{"jump":{"target":"evcctl_input"}}]}},{"rule":{"chain":"evcctl_input","expr":[{"accept":null}]}}`,
    'nft={"nftables":[{"chain":{"name":"evcctl_input"}}',
    ']}\n',
  ),
  nodes: counted(
    number => `{"metadata":{"name":"n${number}"}},`,
    'api=asked\n{"items":[',
    '{"metadata":{"name":"n"}}]}\n200 https://127.0.0.1/api/v1/nodes\n',
  ),
  'answers of an API server': filled('{}\n200 https://127.0.0.1/api/v1/nodes\n', 'api=asked\n'),
  'lines of a list': counted(number => `name=n${number}\n`, 'kind=NodeList\n'),
} satisfies Readonly<Record<string, Text>>

const asValue = [
  'blanks',
  'newlines',
  'one open quote',
  'lists',
  'keys',
  'keys of JSON',
  'aliases',
  'flags of a kubelet',
  'blanks among the flags of a kubelet',
] as const

/** As the value of a key, in base64 or not, and again and again. */
function under(key: string): Readonly<Record<string, Text>> {
  const inside = asValue
    .map(name => [name, plain[name]] as const)
    .flatMap(([name, text]) => [
      ...(text(64).includes('\n')
        ? []
        : [[`${name} as ${key}`, (bytes: number) => `${key}=${text(bytes - key.length - 2)}\n`] as const]),
      [
        `${name} in base64 as ${key}`,
        (bytes: number) =>
          `${key}=${Buffer.from(text(Math.floor(((bytes - key.length) * 3) / 4))).toString('base64')}\n`,
      ] as const,
    ])
  return {
    ...Object.fromEntries(inside),
    [`${key} again and again`]: filled(`${key}=1\n`),
    [`paths as ${key}`]: counted(number => `${key}=/x${number} 1 2|/x${number}\n`),
  }
}

/** Tasks of a kind that look for the same words have the same parser. */
const distinct = [
  ...new Map(
    tasks.map(task => [`${task.resource.kind} ${wordsOf(task.resource.probe.script).keys.join()}`, task] as const),
  ).values(),
]

const readers: readonly Reader[] = [
  ...distinct.map((task): Reader => {
    const { probe, desired } = task.resource
    return {
      name: `${task.id}`,
      most: probe.maxBytes ?? usualProbeBytes,
      ...wordsOf(probe.script),
      read(raw) {
        const current: unknown = probe.parse(raw)
        task.resource.diff(current, wantedOf(desired), { watched: [] })
        task.resource.output?.(current)
      },
    }
  }),
  {
    name: 'facts',
    most: limits.factsBytes,
    keys: [],
    paths: [],
    read: ({ stdout }) => void parseFacts('a', stdout, { sentAt: 0, receivedAt: 1 }),
  },
  { name: 'YAML', most: 64 * 1024, keys: [], paths: [], read: ({ stdout }) => void hostYaml(stdout) },
  { name: 'lock', most: usualProbeBytes, keys: [], paths: [], read: ({ stdout }) => void parseLockState(stdout) },
  {
    name: 'health',
    most: surveyBytes,
    keys: ['members', 'api'],
    paths: [],
    read: raw => void readHostAnswer(raw, raw),
  },
  ...[nodesIn, podsIn, versionIn].map(read => ({
    name: read.name,
    most: listBytes,
    keys: [],
    paths: [],
    read: ({ stdout }: ProbeResult) => void read(stdout),
  })),
]

/** How much of a processor it takes, ms; an error in words is as good as a state. */
function cost({ read }: Reader, stdout: string): number {
  const began = process.cpuUsage()
  try {
    read({ exitCode: 0, stdout, stderr: '' })
  } catch {
    // Told to people as an error of its task.
  }
  const { user, system } = process.cpuUsage(began)
  return (user + system) / 1000
}

// Less is not looked at, ms: memory may have to be freed meanwhile. And what a sixteenth takes where the whole takes less.
const wholeFloorMs = 250
const partFloorMs = 2

/** What is wrong with the cost of a text; each size is 16 times the one before, so that this ends where it grows fast. */
function fault(reader: Reader, text: Text): string | undefined {
  const most = Math.min(reader.most, usualProbeBytes)
  let before = 0
  for (const bytes of [most / 256, most / 16, most]) {
    const given = text(bytes)
    let taken = cost(reader, given)
    const bound = Math.max(wholeFloorMs, 32 * before)
    for (let more = 0; more < 2 && taken > bound && taken < 2000; more++) taken = Math.min(taken, cost(reader, given))
    if (taken > bound) return `${Math.round(taken)} ms for ${bytes} bytes, ${Math.round(before)} ms for less`
    if (bytes === most / 16 && taken < partFloorMs) return undefined
    before = taken
  }
  return undefined
}

test('reading an answer costs no more than in proportion to its length, whatever it is', { timeout: 300_000 }, () => {
  expect(distinct.length).toBeGreaterThan(35)
  for (const reader of readers) {
    const texts = [...Object.entries(plain), ...reader.keys.flatMap(key => Object.entries(under(key)))]
    for (const [name, text] of texts) expect(fault(reader, text), `${reader.name}: ${name}`).toBeUndefined()
  }
})
