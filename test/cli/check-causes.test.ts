import { expect, test } from 'vitest'
import { causesOf } from '../../src/cli/check/classify.ts'
import { type AppliedRecord, taskKey, wantedDigest } from '../../src/core/applied-record.ts'
import { GraphBuilder } from '../../src/core/scope.ts'
import type { Graph, Task } from '../../src/core/task.ts'
import { apply } from '../../src/engine/apply.ts'
import { evaluate } from '../../src/engine/evaluate.ts'
import { entry, FakePool, fakeHosts, fakeRun, joined, unit } from '../engine/fake.ts'

/** A cluster file as far as these tests need one. */
interface File {
  readonly file?: string
  readonly ca?: string
}

function labOf({ file = 'wanted', ca = 'hash' }: File = {}): Graph {
  const builder = new GraphBuilder()
  const master = builder.scope('cp', 'pki')
  const authority = master.add(entry('ca', ca))
  const token = master.ephemeral({ name: 'token', run: 'make token', parse: raw => raw.stdout })
  const worker = builder.scope('w', 'node')
  const config = worker.add(entry('file', file))
  worker.add(unit('service', ['file']), { watch: [config] })
  worker.add(entry('ca-hash', authority.output))
  const join = worker.add(joined('node', token))
  const drained = builder.scope('w', 'drain').add(entry('drained', 'yes'), { enters: [join] })
  builder.scope('w', 'drain').add(entry('left', 'yes'), { leaves: [drained] })
  return builder.build()
}

/** Hosts on which a file was applied; what is changed by hand; and the causes by a file of now. */
async function causes(by: {
  readonly hand?: Readonly<Record<string, string | undefined>>
  readonly file?: File
  readonly record?: boolean
}) {
  const hosts = fakeHosts({ cp: {}, w: {} })
  const pool = new FakePool(hosts)
  const graph = labOf()
  const run = fakeRun(pool)
  const { wanted } = await apply(await evaluate(graph, run), run)
  for (const [at, value] of Object.entries(by.hand ?? {})) {
    const [host = '', key = ''] = at.split('/')
    if (value === undefined) hosts.get(host)!.values.delete(key)
    else hosts.get(host)!.values.set(key, value)
  }
  const recordOf = (host: string): AppliedRecord => ({
    version: '1',
    run: 'run',
    at: 0,
    tasks: new Map(
      [...wanted].flatMap(([id, desired]) => {
        const task: Task = graph.tasks.get(id)!
        return task.host === host ? [[taskKey(task.resource), wantedDigest(desired)] as const] : []
      }),
    ),
  })
  const records = new Map(['cp', 'w'].map(host => [host, by.record === false ? undefined : recordOf(host)]))
  return Object.fromEntries(causesOf(await evaluate(labOf(by.file), run), records))
}

test('nothing has a cause right after an apply', async () => {
  expect(await causes({})).toEqual({})
})

test('a value that somebody changed is drift, and so is the restart that follows from it', async () => {
  expect(await causes({ hand: { 'w/file': 'edited' } })).toEqual({
    'w/entry:file': 'drift',
    'w/unit:service': 'drift',
  })
})

test('another value in the file is asked for, and so is the restart that follows from it', async () => {
  expect(await causes({ file: { file: 'newer' } })).toEqual({ 'w/entry:file': 'asked', 'w/unit:service': 'asked' })
})

test('a host that was changed beside what the file asks for is told apart from it', async () => {
  expect(await causes({ hand: { 'w/left': 'no' }, file: { file: 'newer' } })).toEqual({
    'w/entry:file': 'asked',
    'w/unit:service': 'asked',
    'w/entry:left': 'drift',
  })
})

test('a unit that is restarted although its file is in place is drift by itself', async () => {
  expect(await causes({ hand: { 'w/stamp-service': 'file:old' } })).toEqual({ 'w/unit:service': 'drift' })
})

test('what depends on a value of another host has the cause of that host', async () => {
  expect(await causes({ hand: { 'cp/ca': 'forged' } })).toEqual({ 'cp/entry:ca': 'drift', 'w/entry:ca-hash': 'drift' })
  expect(await causes({ file: { ca: 'rotated' } })).toEqual({ 'cp/entry:ca': 'asked', 'w/entry:ca-hash': 'asked' })
})

test('what is entered because of a change has the cause of that change', async () => {
  expect(await causes({ hand: { 'w/node': undefined, 'w/drained': 'no' } })).toEqual({
    'w/joined:node': 'drift',
    'w/entry:drained': 'drift',
  })
})

test('a host without a record knows nothing of causes', async () => {
  expect(await causes({ hand: { 'w/file': 'edited' }, record: false })).toEqual({
    'w/entry:file': 'unrecorded',
    'w/unit:service': 'unrecorded',
  })
})
