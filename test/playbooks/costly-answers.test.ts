import { expect, test } from 'vitest'
import { readHostAnswer } from '../../src/cli/status/health-answer.ts'
import { nodesIn, podsIn, versionIn } from '../../src/cli/status/listed-objects.ts'
import { limits, listBytes, parsedLength, surveyBytes, usualProbeBytes } from '../../src/core/limits.ts'
import { parseLockState } from '../../src/engine/lock-state.ts'
import type { ProbeResult } from '../../src/index.ts'
import { clusterRecordOf } from '../../src/resources/kubeadm/cluster-record.ts'
import { hostYaml } from '../../src/resources/support/host-yaml.ts'
import { readFacts } from '../facts/read.ts'
import { counted, fault, filled, plain, type Text } from '../kit/costly.ts'
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
    read: ({ stdout }) => void readFacts('a', stdout, { sentAt: 0, receivedAt: 1 }),
  },
  {
    name: 'record in the cluster',
    most: parsedLength.record,
    keys: [],
    paths: [],
    read: ({ stdout }) => void clusterRecordOf({ data: { documents: stdout, begun: stdout } }),
  },
  { name: 'YAML', most: parsedLength.document, keys: [], paths: [], read: ({ stdout }) => void hostYaml(stdout) },
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

test('reading an answer costs no more than in proportion to its length, whatever it is', { timeout: 300_000 }, () => {
  expect(distinct.length).toBeGreaterThan(35)
  for (const reader of readers) {
    const texts = [...Object.entries(plain), ...reader.keys.flatMap(key => Object.entries(under(key)))]
    const most = Math.min(reader.most, usualProbeBytes)
    const ofText = { ...reader, most, read: (stdout: string) => reader.read({ exitCode: 0, stdout, stderr: '' }) }
    for (const [name, text] of texts) expect(fault(ofText, text), `${reader.name}: ${name}`).toBeUndefined()
  }
})
