import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { describe, expect, test, vi } from 'vitest'
import { readAnswer } from '../../src/cli/certificates/ask-certificates.ts'
import { certificateReport } from '../../src/cli/certificates/certificate-report.ts'
import { readHostAnswer } from '../../src/cli/status/health-answer.ts'
import { nodesIn, podsIn, versionIn } from '../../src/cli/status/listed-objects.ts'
import {
  limits,
  listBytes,
  mostAuthorities,
  parsedLength,
  surveyBytes,
  usualProbeBytes,
} from '../../src/core/limits.ts'
import { parseLockState } from '../../src/engine/lock-state.ts'
import type { ProbeResult } from '../../src/index.ts'
import { clusterRecordOf } from '../../src/resources/kubeadm/cluster-record.ts'
import { hostYaml } from '../../src/resources/support/host-yaml.ts'
import { readFacts, readSections } from '../facts/read.ts'
import { counted, fault, filled, plain, type Text } from '../kit/costly.ts'
import { tasks, wantedOf, wordsOf } from './every-probe.ts'
import { specOf } from './given.ts'

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

describe('CAs that may all have signed each other', () => {
  // Others of the same names are made of these by their serial numbers. Whether a signature fits costs the same.
  const script = `folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
openssl genpkey -algorithm $1 -out key
printf 'basicConstraints=critical,CA:TRUE\\n' >ca
for one in R C; do
  openssl req -new -key key -subj /CN=$one -out request
  [ $one = C ] || openssl x509 -req -in request -signkey key -set_serial 0x11223344 -extfile ca -out R.crt
  openssl x509 -req -in request -CA R.crt -CAkey key -set_serial 0x11223344 -extfile ca -outform DER | base64 -w 0
  echo
done`
  const make = (algorithm: string) =>
    execFileSync('sh', ['-ec', script, 'sh', algorithm], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      .trim()
      .split('\n')
      .map(line => Buffer.from(line, 'base64'))
  let serial = 0x11223344
  const another = (der: Buffer) => {
    const copy = Buffer.from(der)
    copy.writeUInt32BE(++serial, copy.indexOf(Buffer.from('11223344', 'hex')))
    return copy.toString('base64')
  }
  const linesOf = (certificates: readonly Buffer[], path: string, count: number) =>
    Array.from({ length: count }, () => certificates.map(one => `certificate ${path} ${another(one)}\n`)).flat()
  const checksOf = (work: () => void) => {
    const verify = vi.spyOn(X509Certificate.prototype, 'verify')
    work()
    const { length } = verify.mock.calls
    verify.mockRestore()
    return length
  }
  const ca = '/etc/kubernetes/pki/ca.crt'

  test('are checked in small numbers in the facts of a host', () => {
    const lines = linesOf(make('EC -pkeyopt ec_paramgen_curve:P-256'), ca, 25).join('')
    const checks = checksOf(() => void readSections({ certificates: lines }))
    expect(checks).toBeGreaterThan(0)
    expect(checks).toBeLessThanOrEqual(mostAuthorities ** 2)
    expect(checksOf(() => void readSections({ certificates: lines }))).toBe(0)
  })

  test('are not checked at all with keys that take long', { timeout: 60_000 }, () => {
    const exponent = 2n ** 1000n + 1n
    const odd = make(`RSA -pkeyopt rsa_keygen_bits:1024 -pkeyopt rsa_keygen_pubexp:${exponent}`)
    const lines = linesOf(odd, ca, 25).join('')
    expect(
      checksOf(() => expect(readSections({ certificates: lines }).certificates.length).toBe(mostAuthorities)),
    ).toBe(0)
  })

  test('are checked in proportion to the certificates of all hosts in certs status', () => {
    const made = make('EC -pkeyopt ec_paramgen_curve:P-256')
    const names = Array.from({ length: 20 }, (_, number) => `cp${number}`)
    const spec = specOf({
      hosts: names.map((name, number) => ({ name, address: `192.0.2.${number + 1}`, roles: ['control-plane'] })),
      etcd: { allowEvenMembers: true },
    })
    const paths = [ca, '/etc/kubernetes/pki/etcd/ca.crt', '/etc/kubernetes/pki/front-proxy-ca.crt']
    const answers = new Map(
      names.map(name => [name, readAnswer({ stdout: paths.flatMap(path => linesOf(made, path, 8)).join('') })]),
    )
    const certificates = [...answers.values()].reduce((sum, some) => sum + some.length, 0)
    const report = () => void certificateReport(spec, answers, Date.now())
    const checks = checksOf(report)
    expect(checks).toBeLessThanOrEqual(certificates * 40)
    expect(checksOf(report)).toBe(0)
  })
})
