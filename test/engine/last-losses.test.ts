import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Event } from '../../src/core/index.ts'
import { lostWhileWritten } from '../../src/engine/index.ts'
import { type JournalOptions, openJournal } from '../../src/engine/journal.ts'

let folder: string
let time = Date.now()
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
  folder = mkdtempSync(join(tmpdir(), 'evcctl-losses-'))
})
afterEach(() => {
  vi.useRealTimers()
  rmSync(folder, { recursive: true })
})

const runs = () => join(folder, 'runs')
const plans = () => join(folder, 'plans')

const connected = { type: 'host:connected', host: 'w1', ms: 1 }
const failed = { type: 'host:failed', host: 'w1', error: { problem: 'no route' } }
const started = { type: 'task:start', host: 'w1', task: 'w1/sysctls:x', role: 'os', title: 'x' }
const read = [
  connected,
  { type: 'exchange', host: 'w1', jobs: 0, probes: 1, ms: 1 },
  { type: 'plan:ready', toChange: 0, unknown: 0, inDesiredState: 9 },
]
const lost = [connected, started, failed]

/** A run that has these events and ends. Three journals of each kind are kept. */
async function run(events: readonly object[], { cluster = 'lab', command = 'apply' }: Partial<JournalOptions> = {}) {
  // The name of a journal has its time in seconds.
  vi.setSystemTime(Date.now() + 60_000)
  const journal = await openJournal({ folder: command === 'plan' ? plans() : runs(), cluster, command, keep: 3 })
  for (const event of [{ type: 'run:start', run: 'x', command, cluster, hosts: ['cp1', 'w1'] }, ...events])
    journal.write({ at: ++time, ...event } as Event)
  await journal.close('ok')
  return journal.run
}

async function times(count: number, events: readonly object[], more: Partial<JournalOptions> = {}) {
  for (let index = 0; index < count; index++) await run(events, more)
}

function losses(): readonly (readonly [string, string])[] {
  const known = lostWhileWritten({ cluster: 'lab', hosts: ['w1'], folders: [runs(), plans()], except: '' })
  return [...known].map(([host, loss]) => [host, loss.run] as const)
}

const journals = () => readdirSync(runs()).filter(name => name.startsWith('2'))

test.each<[string, readonly object[], Partial<JournalOptions>]>([
  ['of its cluster that did not reach the host', [failed], {}],
  ['of other clusters', read, { cluster: 'other' }],
  ['of a cluster whose name begins as its own', read, { cluster: 'lab-2' }],
])(
  'a loss is known however many runs %s have been since, and their journals are removed all the same',
  async (_what, events, more) => {
    const name = await run(lost)
    await times(9, events, more)
    expect(journals()).toHaveLength(3)
    expect(losses()).toEqual([['w1', name]])
    await times(9, [failed])
    expect(losses()).toEqual([['w1', name]])
    await run(read)
    await times(9, [failed])
    expect(losses()).toEqual([])
  },
)

test.each([
  ['this version', false],
  ['earlier versions, which have the role in the ids of tasks and no host beside them', true],
])('journals of %s tell which hosts are well with what the lost one got', async (_what, isEarlier) => {
  const queued = (host: string, role: string, thing: string) =>
    isEarlier
      ? { type: 'task:queued', task: `${host}/${role}/${thing}` }
      : { type: 'task:queued', task: `${host}/${thing}`, host, role, title: thing }
  const changed = (host: string, role: string, thing: string) => {
    const { task } = queued(host, role, thing)
    const end = { type: 'task:end', task, host, role, title: thing, result: 'changed', ms: 1 }
    return [queued(host, role, thing), { ...started, task, host, role }, end]
  }
  const thingsOf = (host: string) => ['kubeadm configuration:node', 'file:/etc/a:b/c', `node:${host}`]
  const name = await run([
    ...['cp1', 'cp2', 'w1'].map(host => ({ ...connected, host })),
    ...thingsOf('cp1').flatMap(thing => changed('cp1', 'control-plane', thing)),
    ...thingsOf('cp2').flatMap(thing => changed('cp2', 'control-plane', thing).slice(thing.startsWith('file') ? 3 : 0)),
    ...thingsOf('w1').map(thing => queued('w1', 'control-plane-join', thing)),
    failed,
  ])
  const known = lostWhileWritten({ cluster: 'lab', hosts: ['w1'], folders: [runs()], except: '' })
  expect(known).toEqual(new Map([['w1', { run: name, proven: new Set(['cp1']) }]]))
})

test('a host that plans have read after a loss is not lost when their journals are removed', async () => {
  await run(lost)
  await times(3, read, { command: 'plan' })
  expect(losses()).toEqual([])
  await times(9, [failed], { command: 'plan' })
  expect(losses()).toEqual([])
  const again = await run(lost)
  await times(9, [failed], { command: 'plan' })
  expect(losses()).toEqual([['w1', again]])
})

test('a journal whose record cannot be written is kept', async () => {
  const name = await run(lost)
  mkdirSync(join(runs(), 'hosts-lab.json'))
  await times(9, [failed])
  expect(losses()).toEqual([['w1', name]])
  expect(journals()).toContain(name)
})

test.each([
  '',
  'null',
  '[]',
  '{"runs":[1],"hosts":{}}',
  '{"runs":[],"hosts":null}',
  '{"runs":[],"hosts":{"w1":null}}',
  '{"runs":[],"hosts":{"w1":{"readAt":"now"}}}',
  '{"runs":[],"hosts":{"w1":{"lost":{"at":1,"run":"x","proven":[{}]}}}}',
  `{"runs":${'['.repeat(100_000)}`,
])('a record that says %.60s counts as not there', async text => {
  const name = await run(lost)
  await run([failed])
  writeFileSync(join(runs(), 'hosts-lab.json'), text)
  expect(losses()).toEqual([['w1', name]])
  expect(JSON.parse(readFileSync(join(runs(), 'hosts-lab.json'), 'utf8'))).toMatchObject({ hosts: { w1: {} } })
})

test('a journal may have anything in it, and anything in its place', async () => {
  const name = await run(lost)
  const lines = [
    'null',
    '1',
    '[]',
    '{}',
    '{"at":1}',
    '{"at":1,"type":"task:queued"}',
    '{"at":1,"type":"task:end","host":"w1","task":1}',
  ]
  const odd = join(runs(), '2020-01-01T10-00-00-lab')
  mkdirSync(odd)
  writeFileSync(join(odd, 'events.ndjson'), `${lines.join('\n')}\n{"at":1,"type":"note","host":{}}\n`)
  writeFileSync(join(odd, 'run.json'), 'null')
  mkdirSync(join(runs(), '2020-01-01T11-00-00-lab/events.ndjson'), { recursive: true })
  writeFileSync(join(runs(), '2020-01-01T12-00-00-lab'), '')
  expect(losses()).toEqual([['w1', name]])
  await times(4, [failed])
  expect(losses()).toEqual([['w1', name]])
})

test.each(['x', '漢'])('a loss is known after any amount of %s that tasks have printed', async letter => {
  const printed = {
    type: 'task:output',
    host: 'w3',
    task: 'w3/packages:x',
    line: letter.repeat(60_000 / Buffer.byteLength(letter)),
  }
  const name = await run([])
  const events = join(runs(), name, 'events.ndjson')
  const at = ++time
  const text = [connected, started, { ...started, host: 'w3', task: printed.task }].map(event =>
    JSON.stringify({ at, ...event }),
  )
  const line = `${JSON.stringify({ at, ...printed })}\n`
  const ended = { type: 'task:end', host: 'w3', task: printed.task, role: 'os', title: 'x', result: 'changed', ms: 1 }
  const after = [ended, failed].map(event => JSON.stringify({ at: at + 1, ...event }))
  writeFileSync(events, `${text.join('\n')}\n${line.repeat(2_400)}${after.join('\n')}\n`)
  expect(losses()).toEqual([['w1', name]])
})
