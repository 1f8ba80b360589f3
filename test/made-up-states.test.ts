import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { madeUpStates } from './made-up-states.ts'

test('no test hands a resource a state that the parser of its probe has not made', () => {
  const names = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
  const found = names
    .filter(name => name.endsWith('.ts'))
    .flatMap(name =>
      madeUpStates(readFileSync(join(import.meta.dirname, name), 'utf8')).map(line => `test/${name}:${line}`),
    )
  expect(found).toEqual([])
})

test.each([
  ['on the spot', "resource.diff({ state: 'absent' }, desired, context)"],
  ['as nothing at all', 'resource.converge(undefined, desired)'],
  ['with its type denied', 'compare(resource, { damaged: [] } as never)'],
  ['in a variable', "const current = { state: 'absent' }\nresource.converge(current, desired)"],
  ['by a function', 'const changed = () => ({ running: true })\nresource.converge(changed(), desired)'],
  ['in a table', "const states = { start: { running: false } }\nresource.converge(states['start'], desired)"],
  [
    'to a helper',
    'const scriptOf = (state: unknown) => resource.converge(state, desired)\nscriptOf({ running: true })',
  ],
])('a state that a test has written down %s is found', (_where, text) => {
  expect(madeUpStates(text)).toHaveLength(1)
})

test.each([
  'const current = await sandbox.probe(resource)\nresource.diff(current, desired, context)',
  'const look = (files: object) => sandbox.probe(resource)\nresource.diff(await look({}), desired, context)',
  "resource.converge(stateOf(resource, 'state=absent'), desired)",
])('a state that a parser has made is let through: %s', text => {
  expect(madeUpStates(text)).toEqual([])
})
