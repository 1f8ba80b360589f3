import { expect, test } from 'vitest'
import type { ErrorDetails } from '../../src/core/index.ts'
import { errorTexts, sameErrors } from '../../src/report/index.ts'

const groups = (...errors: ErrorDetails[]) => sameErrors(errors, error => error).map(({ all }) => all.length)
const refused = (where: string, next: string, came = 'RST'): ErrorDetails => ({ where, problem: 'refused', came, next })

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

test('up to three are told one by one; of more, a hint is said to be that of the first', () => {
  const errors = [1, 2, 3, 4].map(n => refused(`w${n} (192.0.2.${n}:22)`, `ssh root@192.0.2.${n}`))
  expect(errorTexts(errors.slice(0, 3))).toHaveLength(3)
  expect(errorTexts(errors)).toEqual([
    'w1 (192.0.2.1:22), w2 (192.0.2.2:22), w3 (192.0.2.3:22) and 1 more: refused\n  came      RST\n  for w1: ssh root@192.0.2.1',
  ])
})
