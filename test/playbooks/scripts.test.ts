import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { all } from './every-probe.ts'
import { generalOf, goldenOf, sentBy } from './scripts.ts'

const goldens = join(import.meta.dirname, '../goldens')
const namesIn = (folder: string) =>
  !existsSync(join(goldens, folder))
    ? []
    : readdirSync(join(goldens, folder), { recursive: true, withFileTypes: true })
        .filter(entry => entry.isFile())
        .map(entry => join(entry.parentPath, entry.name).slice(goldens.length + 1))

/** Goldens of resources and roles that have texts in them which clusters get, too. */
const elsewhere = new Set(
  ['resources', 'roles']
    .flatMap(namesIn)
    .filter(name => !name.endsWith('.txt'))
    .flatMap(name => readFileSync(join(goldens, name), 'utf8').split('\n'))
    .map(line => generalOf(line)),
)

const sent = Map.groupBy(all.flatMap(sentBy), ({ task, path }) =>
  path === undefined ? `scripts/${task.resource.kind.replaceAll(' ', '-')}.sh` : `files${path}.txt`,
)
const wanted = [...sent].flatMap(([name, texts]) => {
  const golden = goldenOf(texts, elsewhere)
  return golden === '' ? [] : [{ name, golden }]
})

test('whatever a cluster sends to its hosts is in a golden, and no golden is left of what it does not send any more', () => {
  expect(['scripts', 'files'].flatMap(namesIn).sort()).toEqual(wanted.map(({ name }) => name).sort())
})

test.each(wanted)('each line that hosts get is golden once: $name', async ({ name, golden }) => {
  await expect(golden).toMatchFileSnapshot(`../goldens/${name}`)
})
