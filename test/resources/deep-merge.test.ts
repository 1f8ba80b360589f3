import { expect, test } from 'vitest'
import { deepMerge } from '../../src/resources/support/deep-merge.ts'

const arg = (name: string, value: string) => ({ name, value })

test.each([
  ['objects key by key', { a: { b: 1, c: 2 } }, { a: { c: 3 } }, { a: { b: 1, c: 3 } }],
  ['null takes a key away', { a: { b: 1, c: 2 } }, { a: { b: null } }, { a: { c: 2 } }],
  ['null inside what is new is left out', {}, { a: { b: null, c: 1 } }, { a: { c: 1 } }],
  ['lists are replaced', { a: [1, 2] }, { a: [3] }, { a: [3] }],
  ['an object replaces a scalar', { a: 1 }, { a: { b: 2 } }, { a: { b: 2 } }],
  [
    'lists of named items are merged by name',
    { args: [arg('node-ip', '192.0.2.1'), arg('v', '2')] },
    { args: [arg('v', '4'), arg('v', '5'), arg('max', '1')] },
    { args: [arg('node-ip', '192.0.2.1'), arg('v', '4'), arg('v', '5'), arg('max', '1')] },
  ],
  ['a list with an unnamed item is replaced', { args: [arg('v', '2')] }, { args: ['x'] }, { args: ['x'] }],
])('%s', (_what, base, patch, merged) => {
  const before = structuredClone(base)
  expect(deepMerge(base, patch)).toEqual(merged)
  expect(base).toEqual(before)
})
