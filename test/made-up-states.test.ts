import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { madeUpStates } from './made-up-states.ts'

test('no test hands a resource a state that the parser of its probe has not made', () => {
  const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' }).filter(name =>
    name.endsWith('.ts'),
  )
  const found = files.flatMap(file =>
    madeUpStates(readFileSync(join(import.meta.dirname, file), 'utf8')).map(line => `${file}:${line}`),
  )
  expect(found).toEqual([])
})
