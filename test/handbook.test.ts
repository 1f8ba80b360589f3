import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { commandsOn, handbook, handbookFolder } from './kit/handbook.ts'

const tests = fileURLToPath(new URL('.', import.meta.url))
const pages = readdirSync(handbookFolder)
  .filter(name => name.endsWith('.md') && name !== 'README.md')
  .map(name => name.replace('.md', ''))

/** `page: command` of all that tests run with handbook(). */
function runByTests(): ReadonlySet<string> {
  const sources = readdirSync(tests, { recursive: true, withFileTypes: true })
    .filter(entry => entry.name.endsWith('.ts') && entry.name !== 'handbook.test.ts')
    .map(entry => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
  const calls = sources.flatMap(source => [...source.matchAll(/handbook\(\s*'([\w-]+)',\s*'([^']+)'/g)])
  return new Set(calls.map(([, page, command]) => `${page}: ${command}`))
}

test('each command of the handbook is run by a test', () => {
  const run = runByTests()
  const shown = pages.flatMap(page => commandsOn(page).map(command => `${page}: ${command}`))
  expect(shown.length).toBeGreaterThan(pages.length)
  expect(shown.filter(command => !run.has(command))).toEqual([])
})

test('each page is in the table of the handbook, and each says what to do when it stops half way', () => {
  const table = readFileSync(join(handbookFolder, 'README.md'), 'utf8')
  const text = (page: string) => readFileSync(join(handbookFolder, `${page}.md`), 'utf8')
  expect(pages.filter(page => !table.includes(`](${page}.md)`))).toEqual([])
  for (const words of ['What it does', 'What it refuses', 'When it stops half way'])
    expect(pages.filter(page => !new RegExp(`^(## |\\*\\*)${words}`, 'm').test(text(page)))).toEqual([])
})

test('a command that no page shows is none of the handbook', () => {
  expect(() => handbook('upgrade', 'evcctl plan other.yaml', {})).toThrow('docs/operations/upgrade.md does not show')
  expect(handbook('upgrade', 'evcctl plan cluster.yaml', { 'cluster.yaml': '/tmp/a b.yaml' })).toEqual([
    'plan',
    '/tmp/a b.yaml',
  ])
})
