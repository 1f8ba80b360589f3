import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Journal, journalFolder, openJournal } from '../../src/engine/journal.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evcctl-journal-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const runs = () => join(folder, 'evcctl', 'runs')
const open = (more: object = {}) => openJournal({ folder: runs(), cluster: 'edge-seoul', command: 'apply', ...more })
const at = (journal: Journal) => journal.folder ?? ''
const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8)

test('events are on disk as soon as they are written', async () => {
  const journal = await open()
  journal.write({ at: 1, type: 'note', text: 'first' })
  journal.write({ at: 2, type: 'note', text: 'second' })
  const lines = (await readFile(join(at(journal), 'events.ndjson'), 'utf8')).trimEnd().split('\n')
  expect(lines.map(line => JSON.parse(line) as unknown)).toEqual([
    { at: 1, type: 'note', text: 'first' },
    { at: 2, type: 'note', text: 'second' },
  ])
  await journal.close('changed')
  journal.write({ at: 3, type: 'note', text: 'too late' })
})

test('only the user may read it', async () => {
  const journal = await open()
  expect(await mode(runs())).toBe('700')
  expect(await mode(at(journal))).toBe('700')
  for (const name of await readdir(at(journal))) expect(await mode(join(at(journal), name))).toBe('600')
  await journal.close('changed')
})

test('run.json says what was run with which file, and how it ended', async () => {
  const file = join(folder, 'cluster.yaml')
  await writeFile(file, 'kind: Cluster\n')
  const journal = await open({ version: '1.2.3', file })
  const read = async () => JSON.parse(await readFile(join(at(journal), 'run.json'), 'utf8')) as Record<string, unknown>
  const about = {
    command: 'apply',
    version: '1.2.3',
    cluster: 'edge-seoul',
    file,
    // printf 'kind: Cluster\n' | sha256sum
    sha256: '722fa2314e0561f1b72b181cb8dddf0e46103db086ed3f82754c97742b029c26',
  }
  expect(Object.keys(await read())).not.toContain('outcome')
  await journal.close('failed')
  expect(await read()).toMatchObject({ ...about, outcome: 'failed' })
})

test('two runs in the same second have folders of their own', async () => {
  const [a, b] = await Promise.all([open(), open()])
  expect(a.folder).not.toBe(b.folder)
  expect(a.run).toMatch(/^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-edge-seoul/)
})

test('the oldest runs are removed, other folders are not', async () => {
  for (let hour = 10; hour < 16; hour++) await mkdir(join(runs(), `2020-01-01T${hour}-00-00-old`), { recursive: true })
  await mkdir(join(runs(), 'my notes'))
  const journal = await open({ keep: 3 })
  expect((await readdir(runs())).sort()).toEqual([
    '2020-01-01T14-00-00-old',
    '2020-01-01T15-00-00-old',
    journal.run,
    'my notes',
  ])
})

test('the folder follows XDG_STATE_HOME, where that is absolute', () => {
  expect(journalFolder('apply', { XDG_STATE_HOME: '/state' })).toBe('/state/evcctl/runs')
  expect(journalFolder('apply', { XDG_STATE_HOME: 'state' })).toMatch(/\/\.local\/state\/evcctl\/runs$/)
})

test('a folder that cannot be made is named, with what to do', async () => {
  const folder = '/proc/nope/evcctl/runs'
  const opening = openJournal({ folder, cluster: 'lab', command: 'plan', version: '1', file: 'cluster.yaml' })
  const error = await opening.catch((reason: unknown) => reason)
  expect(String(error)).toContain('/proc/nope/evcctl/runs: The folder for run journals cannot be made')
  expect(String(error)).toContain('XDG_STATE_HOME=')
})

test('plans are kept apart from applies, and a run that is under way is never removed', async () => {
  expect(journalFolder('plan', { XDG_STATE_HOME: '/state' })).toBe('/state/evcctl/plans')
  const live = await open()
  const ended = await open()
  await ended.close('changed')
  const last = await open({ keep: 1 })
  expect((await readdir(runs())).sort()).toEqual([live.run, last.run].sort())
  await live.close('changed')
  await last.close('changed')
})

test('a run whose process is gone may be removed', async () => {
  const killed = await open()
  const file = join(at(killed), 'run.json')
  const about = JSON.parse(await readFile(file, 'utf8')) as object
  await writeFile(file, JSON.stringify({ ...about, pid: 2 ** 22 + 1 }))
  const last = await open({ keep: 1 })
  expect(await readdir(runs())).toEqual([last.run])
})

test('a journal that is removed under way says so once, instead of being written to nowhere', async () => {
  const journal = await open()
  journal.write({ at: 1, type: 'note', text: 'first' })
  rmSync(at(journal), { recursive: true })
  expect(() => journal.write({ at: 2, type: 'note', text: 'second' })).toThrow('removed')
  expect(() => journal.write({ at: 3, type: 'note', text: 'third' })).not.toThrow()
  await journal.close('changed')
  expect(await readdir(runs())).toEqual([])
})

// Mounting a full file system takes root. The test always runs in CI, and fails there if it cannot mount.
test.runIf(process.getuid?.() === 0 || process.env.CI)(
  'a full disk: the journal says that it is incomplete, and a run goes on without one',
  async () => {
    const disk = join(folder, 'disk')
    await mkdir(disk)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk])
    try {
      const journal = await openJournal({ folder: disk, cluster: 'lab', command: 'apply' })
      const fill = () => {
        for (;;) journal.write({ at: 1, type: 'note', text: 'x'.repeat(4096) })
      }
      expect(fill).toThrow('ENOSPC')
      // The file has only whole events.
      const lines = (await readFile(join(at(journal), 'events.ndjson'), 'utf8')).split('\n')
      expect(lines.pop()).toBe('')
      expect(lines.map(line => JSON.parse(line) as unknown).length).toBeGreaterThan(10)
      expect(() => journal.write({ at: 1, type: 'note', text: 'more' })).not.toThrow()
      const without = await openJournal({ folder: disk, cluster: 'lab', command: 'apply' })
      expect(without.folder).toBeUndefined()
      expect(without.missing).toContain('ENOSPC')
      without.write({ at: 1, type: 'note', text: 'x' })
      await without.close('changed')
      await journal.close('changed')
    } finally {
      execFileSync('umount', [disk])
    }
  },
)
