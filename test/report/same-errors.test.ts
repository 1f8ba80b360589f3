import { expect, test } from 'vitest'
import type { ErrorDetails } from '../../src/core/index.ts'
import { createPaint, errorTexts, sameErrors } from '../../src/report/index.ts'
import { taskProblemLines } from '../../src/report/problems.ts'

const groups = (...errors: ErrorDetails[]) => sameErrors(errors, error => error).map(({ all }) => all.length)
const refused = (where: string, next: string, actual = 'RST'): ErrorDetails => ({
  where,
  problem: 'refused',
  actual,
  next,
})

test.each([
  ['its own address', 'w1 (192.0.2.1:22)', 'ssh root@192.0.2.1 true', 'w2 (192.0.2.2:22)', 'ssh root@192.0.2.2 true'],
  ['its own name', 'w1 (192.0.2.1:22)', 'Look at w1.', 'w2 (192.0.2.2:22)', 'Look at w2.'],
  ['an IPv6 address', 'w1 ([2001:db8::1]:22)', 'nc 2001:db8::1 22', 'w2 ([2001:db8::2]:22)', 'nc 2001:db8::2 22'],
  [
    'the way through a jump host',
    'w1 (192.0.2.1:22 through j)',
    'nc 192.0.2.1',
    'w2 (192.0.2.2:22 through j)',
    'nc 192.0.2.2',
  ],
])('a hint that differs by %s alone is the same', (_, oneWhere, one, otherWhere, other) => {
  expect(groups(refused(oneWhere, one), refused(otherWhere, other))).toEqual([2])
})

test.each([
  ['what came', refused('w1 (a:22)', 'x', 'one'), refused('w2 (b:22)', 'x', 'two')],
  ['a hint of another host', refused('w1 (a:22)', 'see w9'), refused('w2 (b:22)', 'see w8')],
  ['a name that is part of another', refused('w1 (a:22)', 'see w10'), refused('w2 (b:22)', 'see w20')],
  [
    'an address that is part of another',
    refused('w1 (10.0.0.1:22)', '10.0.0.12'),
    refused('w2 (10.0.0.2:22)', '10.0.0.22'),
  ],
])('errors that differ in %s stay apart, so that no value is hidden', (_, one, other) => {
  expect(groups(one, other)).toEqual([1, 1])
})

test('up to three errors are shown one by one; for more, the hint is marked as that of the first', () => {
  const errors = [1, 2, 3, 4].map(n => refused(`w${n} (192.0.2.${n}:22)`, `ssh root@192.0.2.${n}`))
  expect(errorTexts(errors.slice(0, 3))).toHaveLength(3)
  expect(errorTexts(errors)).toEqual([
    'w1 (192.0.2.1:22), w2 (192.0.2.2:22), w3 (192.0.2.3:22) and 1 more: refused\n  actual    RST\n  for w1: ssh root@192.0.2.1',
  ])
})

const hosts = [1, 2].map(n => ({ name: `w${n}`, address: `edge-${n}.example`, privateAddress: `10.8.0.${n}` }))
const lookAt = (host: string, next: string, actual = 'nothing') => ({
  host,
  title: 'containerd',
  error: { where: `${host} containerd`, problem: 'it does not start', actual, next },
})
const told = (...problems: ReturnType<typeof lookAt>[]) => taskProblemLines(problems, hosts, createPaint(false))

test.each([
  ['name', 'ssh w1', 'ssh w2'],
  ['address', 'ssh root@edge-1.example true', 'ssh root@edge-2.example true'],
  ['private address', 'nc -vz 10.8.0.1 6443', 'nc -vz 10.8.0.2 6443'],
])("an error of a task whose hint differs by the host's own %s alone is told once", (_, one, other) => {
  const [lines, ...more] = told(lookAt('w1', one), lookAt('w2', other))
  expect(more).toEqual([])
  expect(lines).toEqual([
    '✘ w1, w2  containerd',
    '    it does not start',
    '      actual    nothing',
    `      for w1: ${one}`,
  ])
})

test.each([
  ['the address of another host', lookAt('w1', 'nc 10.8.0.2'), lookAt('w2', 'nc 10.8.0.1')],
  ['what came', lookAt('w1', 'ssh w1', 'one'), lookAt('w2', 'ssh w2', 'two')],
])('errors of tasks that differ in %s stay apart', (_, one, other) => {
  expect(told(one, other)).toHaveLength(2)
})
