import { isIP } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { kubeadm } from '../../distributions/kubeadm/index.ts'
import { parseLockState } from '../../src/engine/lock-state.ts'
import { checkHosts, expiryNotes, otherPodNetworks, takenOver } from '../../src/preflight/index.ts'
import { sampleCertificate } from '../engine/sample-certificate.ts'
import { readFacts } from '../facts/read.ts'
import { factsText } from '../facts/text.ts'
import { anyText, fuzzing } from '../kit/fuzz.ts'
import { clusterGraph, facts, specOf } from '../playbooks/given.ts'

const clock = 1_795_865_508
// Not what this machine says: the same seed has to give the same answers everywhere and at any time.
const sound = factsText({
  clock,
  remains: ['kubelet /etc/default/kubelet --v=2', 'package containerd', 'interface cni0'],
  certificates: [`certificate /etc/kubernetes/pki/apiserver.crt ${sampleCertificate}`],
})

const word = fc.oneof(
  fc.constantFrom(
    '',
    '-1',
    '0',
    '1e999',
    'NaN',
    '999999999999999999999',
    '::1',
    '127.0.0.1',
    '0.0.0.0/0',
    '10.244.0.9',
    '300.1.1.1',
  ),
  fc.constantFrom(
    '$(reboot)',
    '`reboot`',
    "';reboot;'",
    '"',
    '\\',
    '\u001b[2J',
    '../../etc',
    'a b',
    '@@ end',
    '@@ lock',
    'x'.repeat(5000),
  ),
  anyText(30),
)

// Edits of whole lines and of words in them, so that most of an answer stays what a host says.
const edit = fc.tuple(fc.constantFrom('word', 'line', 'remove', 'double', 'cut'), fc.nat(), fc.nat(), word)

function apply(text: string, [kind, at, which, replacement]: readonly [string, number, number, string]): string {
  const lines = text.split('\n')
  const index = at % lines.length
  const words = (lines[index] ?? '').split(' ')
  words[which % words.length] = replacement
  if (kind === 'word') lines[index] = words.join(' ')
  else if (kind === 'line') lines.splice(index, 0, replacement)
  else if (kind === 'remove') lines.splice(index, 1 + (which % 5))
  else if (kind === 'double') lines.splice(index, 0, ...lines.slice(index, index + (which % 20)))
  else return text.slice(0, at % (text.length + 1))
  return lines.join('\n')
}

test('the answer that is changed is a sound one', () => {
  const known = readFacts('w1', sound, { sentAt: clock * 1000, receivedAt: clock * 1000 + 500 })
  expect(known).toMatchObject({ architecture: 'amd64', cgroupVersion: 2, defaultRoute: { address: '192.0.2.21' } })
  expect(known.remains).toMatchObject({ packages: ['containerd'], interfaces: ['cni0'] })
  expect(known.listening).toHaveLength(2)
  expect(known.certificates).toMatchObject([{ path: '/etc/kubernetes/pki/apiserver.crt', ca: false }])
  expect(Object.values(known.freeBytes).every(bytes => bytes > 2 ** 30)).toBe(true)
  expect(parseLockState(sound)).toMatchObject({ generation: 3, holder: { user: 'ada' }, heartbeatAgeMs: 8000 })
})

const slip =
  /Cannot (read|convert|set|destructure)|is not (a function|iterable|defined)|undefined|Invalid time value|Invalid URL|Maximum call stack/

test('whatever a host says of itself, there are facts and a plan, or an error in words', { timeout: 3_600_000 }, () => {
  const spec = specOf()
  const timing = { sentAt: clock * 1000, receivedAt: clock * 1000 + 500 }
  // What is expected of the outcome is expected outside: a check in here would count as one of its errors.
  const words = <T>(work: () => T): T | undefined => {
    try {
      return work()
    } catch (error) {
      expect(error).toBeInstanceOf(Error)
      expect((error as Error).message).not.toMatch(slip)
      return undefined
    }
  }
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 8 }), edits => {
      const text = edits.reduce(apply, sound)
      const { generation } = parseLockState(text)
      expect(Number.isSafeInteger(generation)).toBe(true)
      const known = words(() => readFacts('w1', text, timing))
      if (known === undefined) return
      // These reach files of other hosts and certificates.
      for (const address of known.addresses) expect(isIP(address)).not.toBe(0)
      if (known.defaultRoute !== undefined) expect(isIP(known.defaultRoute.address)).not.toBe(0)
      // And these are shown.
      expect(JSON.stringify({ ...known, remains: {} })).not.toMatch(/\\u00|\u202e|null/)
      const all = new Map([...facts, ['w1', known] as const])
      const findings = words(() => checkHosts({ spec, distribution: kubeadm, facts: all })) ?? []
      expect(findings.filter(({ error }) => slip.test(error.message))).toEqual([])
      words(() => takenOver({ spec, distribution: kubeadm, facts: all }))
      words(() => otherPodNetworks({ spec, facts: all }))
      const notes = expiryNotes(
        { spec, distribution: kubeadm },
        new Map([['w1', known.certificates ?? []]]),
        clock * 1000,
      )
      expect(notes.every(({ text }) => !slip.test(text))).toBe(true)
      words(() => clusterGraph(spec, all))
    }),
    fuzzing('facts of hosts'),
  )
})
