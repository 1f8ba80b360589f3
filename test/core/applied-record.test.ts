import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeRecord, encodeRecord, taskKey, wantedDigest } from '../../src/core/applied-record.ts'
import { Secret } from '../../src/core/secret.ts'

const record = {
  version: '0.1.0',
  run: '2026-11-29T10-15-03-lab',
  at: 1_795_865_508_000,
  tasks: new Map([[taskKey({ kind: 'file', name: '/etc/a b' }), wantedDigest({ mode: 0o600 })]]),
}

test('a record is one line, which reads back as it was', () => {
  const line = encodeRecord(record)
  expect(line).toMatch(/^[ -~]+$/)
  expect(decodeRecord(line)).toEqual(record)
})

test.each([
  ['nothing', ''],
  ['another format', encodeRecord(record).replace('applied-1', 'applied-2')],
  ['a line that was cut off', encodeRecord(record).slice(0, -1)],
  ['a name with other characters', encodeRecord(record).replace('lab', 'l\u001bab')],
  ['a time that is none', encodeRecord(record).replace('1795865508000', '1e99')],
  ['more tasks than a host can have', `${encodeRecord(record)}${' 0123456789ab:0123456789abcdef'.repeat(5_000)}`],
])('%s counts as no record', (_, line) => {
  expect(decodeRecord(line)).toBeUndefined()
})

test('no line of a host makes it fail', () => {
  fc.assert(fc.property(fc.string(), line => void decodeRecord(`applied-1 ${line}`)))
})

test('the value of a Secret is not in the digest of what a task wants', () => {
  const wanted = (password: string) => wantedDigest({ user: 'ada', password: new Secret(password, 'password') })
  expect(wanted('first-one')).toBe(wanted('second-one'))
})
