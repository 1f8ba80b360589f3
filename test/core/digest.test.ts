import { expect, test } from 'vitest'
import { digestOf, digestsOf } from '../../src/core/digest.ts'
import { Output } from '../../src/core/output.ts'
import { Secret } from '../../src/core/secret.ts'
import type { TaskId } from '../../src/core/task-id.ts'
import { all } from '../playbooks/every-probe.ts'

test.each([
  ['keys of an object', { a: 1, b: [{ c: 2, d: 3 }] }, { b: [{ d: 3, c: 2 }], a: 1 }],
  [
    'entries of a Map',
    new Map([
      ['a', 1],
      ['b', 2],
    ]),
    new Map([
      ['b', 2],
      ['a', 1],
    ]),
  ],
  ['members of a Set', new Set(['a', 'b']), new Set(['b', 'a'])],
  ['a key without a value', { a: 1, b: undefined }, { a: 1 }],
] as const)('%s may come in any order', (_, one, other) => {
  expect(digestOf(one)).toBe(digestOf(other))
})

test.each([
  ['lists', ['a', 'b'], ['b', 'a']],
  ['a text and a number', '1', 1],
  ['a list and an object of the same entries', [['a', 1]], { a: 1 }],
  ['an empty list, object, Map and nothing', [], {}],
  ['a Map and an object', new Map([['a', 1]]), { a: 1 }],
  ['values of a key that JavaScript has a use for', JSON.parse('{"__proto__": 1}'), JSON.parse('{"__proto__": 2}')],
  ['what is known and what is known after apply', 'x', Output.ofTask('w1/a:b' as TaskId)],
  ['numbers that JSON does not have', Number.NaN, Number.POSITIVE_INFINITY],
])('%s are told apart', (_, one, other) => {
  expect(digestOf(one)).not.toBe(digestOf(other))
})

test('a Secret counts with its label only, so that a digest helps nobody to guess it', () => {
  expect(digestOf(new Secret('hunter22', 'password'))).toBe(digestOf(new Secret('another1', 'password')))
  expect(digestOf(new Secret('hunter22', 'password'))).not.toBe(digestOf(new Secret('hunter22', 'token')))
})

test('each field of an object has a digest of its own', () => {
  const before = digestsOf({ mode: 0o600, content: 'a', owner: undefined })
  const after = digestsOf({ mode: 0o600, content: 'b' })
  expect(Object.keys(before)).toEqual(['mode', 'content'])
  expect(before.mode).toBe(after.mode)
  expect(before.content).not.toBe(after.content)
  expect(digestsOf('absent')).toEqual({ value: digestOf('absent') })
})

test('a function is an error, since two of them cannot be compared', () => {
  expect(() => digestOf({ f: () => 1 })).toThrow(TypeError)
})

test('what any task of a cluster wants has a digest', () => {
  expect(all.length).toBeGreaterThan(100)
  for (const { resource } of all) expect(Object.keys(digestsOf(resource.desired))).toBeDefined()
})
