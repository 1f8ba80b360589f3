import { describe, expect, test } from 'vitest'
import { documentChanges } from '../../src/resources/support/document-changes.ts'
import { sameScalar } from '../../src/resources/support/scalar.ts'
import { missingFrom } from '../../src/resources/support/subset.ts'

test.each([
  ['1Gi', '1024Mi', true],
  ['500m', 0.5, true],
  ['1k', '1000', true],
  [80, '80', true],
  ['1m', '1m0s', true],
  ['1h30m', '90m', true],
  ['0s', '0', true],
  ['1.10', '1.1', false],
  ['v1.36', 'v1.36.0', false],
  ['1Gi', '1G', false],
  [true, 'true', false],
  ['5m', '5s', false],
])('%j and %j mean the same: %j', (a, b, same) => {
  expect(sameScalar(a, b)).toBe(same)
  expect(sameScalar(b, a)).toBe(same)
})

describe('what is missing', () => {
  test.each<[string, unknown, unknown, unknown]>([
    ['nothing is, where there is more than wanted', { a: 1 }, { a: 1, b: 2 }, []],
    ['a field, by its path', { a: { b: 1 } }, { a: { b: 2 } }, [{ field: 'a.b', before: '2', after: '1' }]],
    ['a whole branch, leaf by leaf', { a: { b: { c: 1 } } }, {}, [{ field: 'a.b.c', after: '1' }]],
    ['a key with dots', { a: { 'x.y/z': 'n' } }, { a: {} }, [{ field: 'a["x.y/z"]', after: 'n' }]],
    ['an item of a list', { a: [1, 2] }, { a: [1, 3] }, [{ field: 'a[1]', before: '3', after: '2' }]],
    ['a list of another length', { a: [1] }, { a: [1, 2] }, [{ field: 'a', before: '[1,2]', after: '[1]' }]],
    ['a text where an object was', { a: 'x' }, { a: { b: 1 } }, [{ field: 'a', before: '{"b":1}', after: 'x' }]],
    ['an object where a text was', { a: { b: 1 } }, { a: 'x' }, [{ field: 'a', before: 'x', after: '{"b":1}' }]],
  ])('is told by its path: %s', (_what, desired, current, changes) => {
    expect(missingFrom(desired, current)).toEqual(changes)
  })

  test('a zero value counts as there only where that is so', () => {
    expect(missingFrom({ a: false, b: [] }, {})).toHaveLength(2)
    expect(missingFrom({ a: false, b: [], c: { d: '' } }, {}, { absentIsZero: true })).toEqual([])
    expect(missingFrom({ a: false }, { a: true }, { absentIsZero: true })).toHaveLength(1)
  })

  test('items are told apart by their keys, in any order', () => {
    const desired = {
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: '2' },
      ],
    }
    const current = {
      env: [
        { name: 'B', value: '3', more: true },
        { name: 'C', value: '4' },
      ],
    }
    expect(missingFrom(desired, current, { listKeys: ['name'] })).toEqual([
      { field: 'env[A].name', after: 'A' },
      { field: 'env[A].value', after: '1' },
      { field: 'env[B].value', before: '3', after: '2' },
      { field: 'env[C]', before: '{"name":"C","value":"4"}' },
    ])
  })
})

describe('a configuration document', () => {
  test.each<[string, unknown, unknown, unknown, unknown]>([
    ['as wanted', { a: 1 }, { a: 1, other: 2 }, undefined, []],
    ['a new field', { a: 1, b: 2 }, { a: 1 }, { a: 1 }, [{ field: 'b', after: '2' }]],
    [
      'a field that is no longer wanted',
      { a: 1 },
      { a: 1, b: 2, mine: 3 },
      { a: 1, b: 2 },
      [{ field: 'b', before: '2', after: '(default)' }],
    ],
    [
      'a part of an object that is no longer wanted',
      { a: { x: 1 } },
      { a: { x: 1, y: 2 } },
      { a: { x: 1, y: 2 } },
      [{ field: 'a.y', before: '2', after: '(default)' }],
    ],
    ['a zero that was written, and left out by whoever stored it', { a: false }, {}, { a: false }, []],
    ['a zero that is new', { a: false }, {}, {}, [{ field: 'a', after: 'false' }]],
    ['a field that vanished, although it was written', { a: 5 }, {}, { a: 5 }, [{ field: 'a', after: '5' }]],
  ])('is compared with what is there and what was recorded: %s', (_what, desired, current, recorded, changes) => {
    expect(documentChanges(desired, current, recorded)).toEqual(changes)
  })
})

test('no side of a change shows a credential, whatever tells that it is one', () => {
  const envs = (value: string) => [{ name: 'AWS_SECRET_ACCESS_KEY', value }]
  const of = (value: string) => ({
    apiServer: { extraEnvs: envs(value), more: [...envs(value), ...envs(value).slice(value.length - 4)] },
    apiTokens: [value],
    passwords: { admin: value },
  })
  const gone = { old: { token: 'old1' }, ...of('old1') }
  const changes = documentChanges(of('new12'), gone, gone)
  expect(changes.map(({ field }) => field)).toEqual([
    'apiServer.extraEnvs[0].value',
    'apiServer.more',
    'apiTokens[0]',
    'passwords.admin',
    'old.token',
  ])
  expect(JSON.stringify(changes)).not.toMatch(/old1|new1/)
})
