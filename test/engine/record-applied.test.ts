import { expect, test } from 'vitest'
import { type AppliedRecord, decodeRecord, taskKey, wantedDigest } from '../../src/core/applied-record.ts'
import type { ExchangeRequest, Session } from '../../src/core/host.ts'
import { GraphBuilder } from '../../src/core/scope.ts'
import { apply } from '../../src/engine/apply.ts'
import { evaluate } from '../../src/engine/evaluate.ts'
import { recordApplied } from '../../src/engine/record-applied.ts'
import { entry, FakePool, fakeHosts, fakeRun, joined } from './fake.ts'

/** A pool that keeps the records that are sent to its hosts, as the hosts would. */
class RecordPool extends FakePool {
  readonly records = new Map<string, AppliedRecord | undefined>()

  override async session(host: string): Promise<Session> {
    const { exchange, ...session } = await super.session(host)
    return {
      ...session,
      exchange: async (request: ExchangeRequest, options) => {
        const reply = await exchange(request, options)
        for (const { steps } of request.jobs)
          for (const step of steps)
            if ('run' in step && step.run.includes('/var/lib/evcctl/applied'))
              this.records.set(host, decodeRecord(String(step.stdin)))
        return reply
      },
    }
  }
}

const options = { version: '1.0.0', id: 'run' }

function lab(file = 'new') {
  const builder = new GraphBuilder()
  const ca = builder.scope('cp', 'pki').add(entry('ca', 'hash'))
  const token = builder.scope('cp', 'pki').ephemeral({ name: 'token', run: 'make token', parse: raw => raw.stdout })
  const worker = builder.scope('w', 'node')
  worker.add(entry('file', file))
  worker.add(entry('ca-hash', ca.output))
  worker.add(joined('node', token))
  const broken = worker.add(entry('broken', 'x', { steps: [{ run: 'fail it' }] }))
  worker.add(entry('after', 'x'), { after: [broken] })
  return builder.build()
}

async function applied(pool: RecordPool, graph = lab()) {
  const run = fakeRun(pool)
  const records = new Map(pool.records)
  const result = await apply(await evaluate(graph, run), run)
  const before = pool.count
  await recordApplied(graph, result, run, { ...options, records })
  return { run, asked: pool.seen.slice(before).map(({ host }) => host) }
}

const start = () => new RecordPool(fakeHosts({ cp: { ca: 'hash' }, w: {} }))
const digestIn = (pool: RecordPool, host: string, name: string, kind = 'entry') =>
  pool.records.get(host)?.tasks.get(taskKey({ kind, name }))

test('a host has on record what its tasks wanted, changed or not, and nothing of those that failed or were skipped', async () => {
  const pool = start()
  const { asked } = await applied(pool)
  expect(asked.sort()).toEqual(['cp', 'w'])
  expect(digestIn(pool, 'cp', 'ca')).toBe(wantedDigest({ value: 'hash' }))
  expect(digestIn(pool, 'w', 'file')).toBe(wantedDigest({ value: 'new' }))
  // What came from another task counts with its value.
  expect(digestIn(pool, 'w', 'ca-hash')).toBe(wantedDigest({ value: 'hash' }))
  expect(digestIn(pool, 'w', 'broken')).toBeUndefined()
  expect(digestIn(pool, 'w', 'after')).toBeUndefined()
  expect(pool.records.get('w')).toMatchObject({ version: '1.0.0', run: 'run', at: expect.any(Number) })
})

test('an ephemeral value is another one in each run, and does not count', async () => {
  const pool = start()
  await applied(pool)
  const first = digestIn(pool, 'w', 'node', 'joined')
  pool.hosts.get('w')!.values.delete('node')
  await applied(pool)
  expect(digestIn(pool, 'w', 'node', 'joined')).toBe(first)
  expect(first).toBeDefined()
})

test('only hosts whose record changes are asked', async () => {
  const pool = start()
  await applied(pool)
  expect((await applied(pool)).asked).toEqual([])
  expect((await applied(pool, lab('newer'))).asked).toEqual(['w'])
})

test('a task that fails keeps what was verified of it before', async () => {
  const pool = start()
  pool.hosts.get('w')!.values.set('broken', 'x')
  await applied(pool)
  const verified = digestIn(pool, 'w', 'broken')
  expect(verified).toBeDefined()
  pool.hosts.get('w')!.values.delete('broken')
  await applied(pool)
  expect(digestIn(pool, 'w', 'broken')).toBe(verified)
})

test('a host that is lost meanwhile is told, and fails nothing', async () => {
  const pool = new RecordPool(fakeHosts({ cp: { ca: 'hash' }, w: {} }), {
    fault: (_, host, { jobs }) =>
      host === 'w' && JSON.stringify(jobs).includes('evcctl/applied') ? { kind: 'lost', jobs: 0 } : undefined,
  })
  const { run } = await applied(pool)
  expect(run.of('note')).toContainEqual({
    type: 'note',
    host: 'w',
    text: expect.stringContaining('It could not be recorded what was applied there'),
  })
  expect(pool.records.has('cp')).toBe(true)
})

test('an operation that is about a part of the hosts leaves on record what it does not know', async () => {
  const pool = start()
  await applied(pool)
  const part = new GraphBuilder()
  part.scope('w', 'node').add(entry('other', 'x'))
  const graph = part.build()
  const run = fakeRun(pool)
  const result = await apply(await evaluate(graph, run), run)
  await recordApplied(graph, result, run, { ...options, records: new Map(pool.records), isPart: true })
  expect(digestIn(pool, 'w', 'other')).toBe(wantedDigest({ value: 'x' }))
  expect(digestIn(pool, 'w', 'file')).toBe(wantedDigest({ value: 'new' }))
  await applied(pool)
  expect(digestIn(pool, 'w', 'other')).toBeUndefined()
})
