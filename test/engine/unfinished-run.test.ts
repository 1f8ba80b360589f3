import { mkdtempSync, rmSync, utimesSync } from 'node:fs'
import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { EventBody } from '../../src/core/event.ts'
import type { TaskId } from '../../src/core/task-id.ts'
import type { TaskResult } from '../../src/core/verdict.ts'
import { openJournal } from '../../src/engine/journal.ts'
import { unfinishedRun } from '../../src/engine/unfinished-run.ts'

let folder: string
let minute: number
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evcctl-unfinished-'))
  minute = 0
})
afterEach(() => rmSync(folder, { recursive: true }))

const id = (text: string) => text as TaskId
const about = (text: string) => ({ task: id(text), host: 'w1', role: 'os', title: text })
const planned = (...tasks: string[]): EventBody => ({ type: 'host:planned', host: 'w1', tasks: tasks.map(id) })
const begins = (text: string): EventBody => ({ type: 'task:start', ...about(text) })
const ends = (text: string, result: TaskResult): EventBody => ({ type: 'task:end', ...about(text), result, ms: 1 })
const writes: EventBody = { type: 'apply:start' }

/** A run with these events; without an outcome it was killed, and its process is gone. */
async function ran(events: readonly EventBody[], outcome?: string, more: { cluster?: string; command?: string } = {}) {
  const journal = await openJournal({ folder, cluster: 'lab', command: 'apply', ...more })
  for (const event of events) journal.write({ at: 1, ...event } as never)
  if (outcome !== undefined) await journal.close(outcome)
  else {
    const path = join(journal.folder!, 'run.json')
    // No process has that number.
    await writeFile(path, (await readFile(path, 'utf8')).replace(/"pid": \d+/, '"pid": 999999999'))
  }
  // The times of two runs may be the same.
  minute += 1
  utimesSync(join(journal.folder!, 'events.ndjson'), minute * 60, minute * 60)
  return journal
}

const found = () => unfinishedRun({ folder, cluster: 'lab', except: 'none' })
const all = [planned('w1/a:1', 'w1/a:2', 'w1/a:3', 'w1/a:4'), writes]

test('a run that was killed tells what it has proven, what it only began, and what it did not begin', async () => {
  const { run } = await ran([...all, begins('w1/a:1'), ends('w1/a:1', 'changed'), begins('w1/a:2')])
  expect(found()).toEqual({
    run,
    ended: 'killed',
    fileSha256: undefined,
    proven: ['w1/a:1'],
    unproven: ['w1/a:2'],
    notBegun: ['w1/a:3', 'w1/a:4'],
  })
})

test('what failed is not proven, what was skipped or cancelled was not begun, and what turned out to be right is none of it', async () => {
  await ran(
    [
      ...all,
      begins('w1/a:1'),
      ends('w1/a:1', 'failed'),
      ends('w1/a:2', 'skipped'),
      ends('w1/a:3', 'cancelled'),
      ends('w1/a:4', 'in desired state'),
    ],
    'failed',
  )
  expect(found()).toMatchObject({ ended: 'failed', proven: [], unproven: ['w1/a:1'], notBegun: ['w1/a:2', 'w1/a:3'] })
})

test('a run that was stopped is one that did not end well', async () => {
  await ran(all, 'cancelled')
  expect(found()).toMatchObject({ ended: 'stopped', notBegun: ['w1/a:1', 'w1/a:2', 'w1/a:3', 'w1/a:4'] })
})

test('a run that is still at work is not taken for one that was killed', async () => {
  const journal = await openJournal({ folder, cluster: 'lab', command: 'apply' })
  journal.write({ at: 1, ...writes })
  expect(found()).toMatchObject({ ended: 'under way' })
  await journal.close('ok')
})

test('there is none where the last apply ended well, whatever was before it', async () => {
  await ran([...all, begins('w1/a:1')])
  await ran(all, 'ok')
  expect(found()).toBeUndefined()
})

test('runs that wrote nothing, plans and other clusters do not count', async () => {
  const { run } = await ran([...all, begins('w1/a:1')])
  await ran([], 'ok')
  await ran([writes], 'ok', { cluster: 'lab-2' })
  await ran([writes], 'ok', { command: 'restore' })
  expect(found()).toMatchObject({ run })
  expect(unfinishedRun({ folder: join(folder, 'none'), cluster: 'lab', except: 'none' })).toBeUndefined()
})

test('lines that a full disk cut off, or that somebody wrote, are passed over', async () => {
  const { folder: place } = await ran([...all, begins('w1/a:1')])
  await appendFile(
    join(place!, 'events.ndjson'),
    '{"at":1,"type":"host:planned","host":"w1","tasks":7}\n{"at":1,"type":"task:en',
  )
  expect(found()).toMatchObject({ unproven: ['w1/a:1'] })
})
