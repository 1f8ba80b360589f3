import { expect, test } from 'vitest'
import { cutOffRestore } from '../../src/cli/etcd/cut-off-restore.ts'
import { HostError } from '../../src/core/index.ts'
import { restoreProbe } from '../../src/resources/etcd/index.ts'

const [archive, other] = ['a'.repeat(64), 'b'.repeat(64)]
const [first, later] = ['0123456789abcdef', 'fedcba9876543210']
const [three, two] = ['1'.repeat(32), '2'.repeat(32)]
const recorded = (...lines: string[]) =>
  restoreProbe.parse({ exitCode: 0, stdout: lines.map(line => `${line}\n`).join(''), stderr: '' })
const begun = (attempt: string, members: string, ...done: string[]) =>
  recorded(`attempt=${attempt}`, `archive=${archive}`, `members=${members}`, ...done.map(step => `done=${step}`))
const none = recorded()

test('a restore that was cut off is found by any host that has not ended it', () => {
  const found = cutOffRestore([none, begun(first, three, 'begin', 'end'), begun(first, three, 'begin')], archive)
  expect(found).toMatchObject({ attempt: first, members: three })
  expect(cutOffRestore([begun(first, three, 'begin')], other)).toBeUndefined()
  expect(cutOffRestore([begun(first, three, 'end'), begun(first, three, 'end')], archive)).toBeUndefined()
  expect(cutOffRestore([], archive)).toBeUndefined()
})

test('none is taken up after a later one, which may have ended on the hosts that were left', () => {
  expect(cutOffRestore([begun(later, two, 'end'), begun(first, three, 'data')], archive)).toBeUndefined()
  expect(cutOffRestore([begun(later, two, 'data'), begun(first, three, 'data')], archive)).toBeUndefined()
  const silent = new HostError('cp2', 'timed out', { problem: 'no answer' })
  expect(cutOffRestore([begun(first, three, 'data'), silent], archive)).toBeUndefined()
})

test('one of an evcctl that did not record the members has none', () => {
  const old = recorded(`attempt=${first}`, `archive=${archive}`, 'done=data')
  expect(cutOffRestore([old, old], archive)).toMatchObject({ attempt: first, members: undefined })
})
