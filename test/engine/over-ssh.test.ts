import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Resource, Step } from '../../src/core/resource.ts'
import { GraphBuilder } from '../../src/core/scope.ts'
import { Secret } from '../../src/core/secret.ts'
import { apply } from '../../src/engine/apply.ts'
import { thisController } from '../../src/engine/controller.ts'
import { evaluate } from '../../src/engine/evaluate.ts'
import { gatherFacts } from '../../src/engine/facts.ts'
import { fenceHosts, withLock } from '../../src/engine/lock.ts'
import { readLock } from '../../src/engine/lock-exchange.ts'
import { hostFacts } from '../../src/facts/index.ts'
import { kubeadmFacts } from '../../src/resources/kubeadm/facts.ts'
import { createPool, type Pool } from '../../src/ssh/index.ts'
import { startServer, type TestServer } from '../ssh/server.ts'
import { fakeRun } from './fake.ts'

let server: TestServer
let folder: string
let pool: Pool
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server[Symbol.asyncDispose]())
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evcctl-engine-'))
  pool = createPool([server.target({ name: 'w1' }), server.target({ name: 'w2' })])
})
afterEach(async () => {
  await pool[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

/** A file with one line; `before` are steps before the write. */
function line(
  name: string,
  text: Resource<string, { text: string }>['desired']['text'],
  before: readonly Step[] = [],
): Resource<string, { text: string }, string> {
  const path = join(folder, name)
  return {
    kind: 'line',
    name,
    probe: { script: `cat ${path} 2>/dev/null`, parse: raw => raw.stdout.trim() },
    desired: { text },
    diff: (current, desired) =>
      current === desired.text ? undefined : { action: 'update', fields: [{ field: 'text', after: desired.text }] },
    converge: (_, desired) => [...before, { write: path, content: `${desired.text}\n`, mode: 0o600 }],
    output: current => current,
  }
}

const waiting = (ms: number): Step => ({ run: `sleep ${ms / 1000}` })

test('plan costs two exchanges a host and writes nothing; apply converges; a second apply costs what a plan costs', async () => {
  const builder = new GraphBuilder()
  const a = builder.scope('w1', 'r').add(line('a', 'one'))
  builder.scope('w2', 'r').add(
    line(
      'b',
      a.output.map(text => `${text} and two`),
    ),
  )
  const graph = builder.build()
  const run = fakeRun(pool)
  const { facts } = await gatherFacts(['w1', 'w2'], run, { modules: hostFacts(kubeadmFacts) })
  expect(facts.get('w1')!.cpus).toBeGreaterThan(0)
  const evaluation = await evaluate(graph, run)
  expect([...evaluation.plan.verdicts.values()].map(verdict => verdict.is)).toEqual(['change', 'known after apply'])
  expect(await readdir(folder)).toEqual([])
  expect([...pool.exchanges().values()]).toEqual([2, 2])
  expect((await apply(evaluation, run)).summary).toMatchObject({ changed: 2, failed: 0 })
  expect(await readFile(join(folder, 'b'), 'utf8')).toBe('one and two\n')

  const before = pool.exchanges()
  await gatherFacts(['w1', 'w2'], run, { modules: hostFacts(kubeadmFacts) })
  expect((await apply(await evaluate(graph, run), run)).summary).toMatchObject({ changed: 0, inDesiredState: 2 })
  expect([...pool.exchanges()].map(([host, count]) => count - before.get(host)!)).toEqual([2, 2])
})

test('a plan costs two exchanges a host however many tasks there are, counted where the commands arrive', async () => {
  const builder = new GraphBuilder()
  for (const host of ['w1', 'w2']) {
    const scope = builder.scope(host, 'r')
    // Each task waits for the one before it: the order of tasks costs no exchanges either.
    let last = scope.add(line(`${host}-0`, 'zero'))
    for (let number = 1; number < 70; number++) {
      const text = last.output.map(before => `${before.length} ${number}`)
      last = scope.add(line(`${host}-${number}`, text))
    }
  }
  const graph = builder.build()
  const run = fakeRun(pool)
  const arrived = server.commands.length
  await gatherFacts(['w1', 'w2'], run, { modules: hostFacts(kubeadmFacts) })
  const { plan } = await evaluate(graph, run)
  expect(plan.verdicts.size).toBe(140)
  expect(server.commands.length - arrived).toBe(4)
  expect([...pool.exchanges().values()]).toEqual([2, 2])
})

test('a connection that is cut while steps run is made again, and the rest is done', async () => {
  const builder = new GraphBuilder()
  const scope = builder.scope('w1', 'r')
  const first = scope.add(line('a', 'one', [{ run: `echo started >>${join(folder, 'started')}` }, waiting(400)]))
  scope.add(line('b', 'two'), { after: [first] })
  const run = fakeRun(pool)
  const evaluation = await evaluate(builder.build(), run)
  const applying = apply(evaluation, run)
  while (!(await stat(join(folder, 'started')).catch(() => undefined))) await sleep(10)
  server.dropConnections()
  expect((await applying).summary).toMatchObject({ changed: 2, failed: 0 })
  expect(run.of('note').map(note => note.text)).toEqual([expect.stringContaining('line a is read again')])
})

test('what waits on another host for one job does not wait for the rest of its exchange', async () => {
  const builder = new GraphBuilder()
  const scope = builder.scope('w1', 'r')
  const quick = scope.add(line('quick', 'one'))
  scope.add(line('slow', 'two', [waiting(1500)]))
  builder.scope('w2', 'r').add(
    line(
      'other',
      quick.output.map(text => `after ${text}`),
    ),
  )
  const run = fakeRun(pool)
  const evaluation = await evaluate(builder.build(), run)
  expect((await apply(evaluation, run)).summary).toMatchObject({ changed: 3, failed: 0 })
  expect(run.of('task:end').map(end => end.title)).toEqual(['line quick', 'line other', 'line slow'])
})

test('abort kills what runs on the host', async () => {
  const abort = new AbortController()
  const builder = new GraphBuilder()
  builder.scope('w1', 'r').add(line('a', 'one', [{ run: `touch ${join(folder, 'started')}` }, waiting(30_000)]))
  const run = fakeRun(pool, { abort: abort.signal })
  const applying = apply(await evaluate(builder.build(), run), run)
  while (!(await stat(join(folder, 'started')).catch(() => undefined))) await sleep(10)
  abort.abort()
  expect((await applying).summary).toMatchObject({ cancelled: 1, failed: 0 })
  expect(await readdir(folder)).toEqual(['started'])
})

test.each([
  ['many channels', {}],
  ['one channel only', { maxSessions: 1 }],
])(
  'the lock is kept alive while a long step runs on the same host, where sshd allows %s a connection',
  async (_, more) => {
    await using server = await startServer(more)
    await using pool = createPool([server.target({ name: 'w1' })])
    const builder = new GraphBuilder()
    builder.scope('w1', 'r').add(line('a', 'one', [waiting(1000)]))
    const run = fakeRun(pool)
    const evaluation = await evaluate(builder.build(), run)
    const paths = { run: join(folder, 'run'), state: join(folder, 'state') }
    const heartbeat = () => readFile(join(paths.run, 'lock', 'heartbeat'), 'utf8')
    const { result, lost } = await withLock(['w1'], run, { id: 'run-1', paths, heartbeatMs: 50 }, async lock => {
      await writeFile(join(paths.run, 'lock', 'heartbeat'), 'not renewed\n')
      const applying = apply(evaluation, lock.run)
      while ((await heartbeat()) === 'not renewed\n') await sleep(20)
      const stillRunning = await stat(join(folder, 'a')).then(
        () => false,
        () => true,
      )
      expect(stillRunning).toBe(true)
      return applying
    })
    expect(lost).toBeUndefined()
    expect(result.summary.changed).toBe(1)
    expect((await readLock('w1', run, paths)).holder).toBeUndefined()
  },
)

test('a run that gives no sign is pushed aside: what it does on hosts is ended, and what it still sends is refused', async () => {
  const paths = { run: join(folder, 'run'), state: join(folder, 'state') }
  const elsewhere = (run: string) => ({ ...thisController(run), machine: 'another', controller: 'laptop-7' })
  const builder = new GraphBuilder()
  const long = line('a', 'one', [{ run: `touch ${join(folder, 'started')}` }, waiting(300_000)])
  const first = builder.scope('w2', 'r').add(long)
  builder.scope('w2', 'r').add(line('b', 'two'), { after: [first] })
  const old = fakeRun(pool)
  const evaluation = await evaluate(builder.build(), old)
  // This holder sends no heartbeats, like a process that was stopped.
  const silent = { id: 'old', paths, holder: elsewhere('old'), heartbeatMs: 600_000 }
  await using otherPool = createPool([server.target({ name: 'w1' }), server.target({ name: 'w2' })])
  const next = fakeRun(otherPool)
  const { result, lost } = await withLock(['w1'], old, silent, async ({ run }) => {
    const applying = apply(evaluation, run)
    while (!(await stat(join(folder, 'started')).catch(() => undefined))) await sleep(10)
    const beat = join(paths.run, 'lock', 'heartbeat')
    const [boot, uptime] = (await readFile(beat, 'utf8')).trim().split(' ')
    await writeFile(beat, `${boot} ${Number(uptime) - 61}\n`)
    await withLock(['w1'], next, { id: 'next', paths, holder: elsewhere('next') }, async lock => {
      expect(lock.unquiet).toBe(true)
      await fenceHosts(['w1', 'w2'], lock.run)
    })
    return applying
  })
  expect(lost?.details.problem).toContain('taken over by another run')
  expect(result.summary).toMatchObject({ changed: 0, failed: 0, cancelled: 2 })
  expect((await readdir(folder)).sort()).toEqual(['run', 'started', 'state'])
  expect(next.of('lock:taken')[0]?.from).toContain('laptop-7')
})

test('a host that keeps the lock and accepts a connection, but says nothing, is not waited for', async () => {
  const silent = createServer().listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const { port } = silent.address() as AddressInfo
  const targets = [server.target({ name: 'w1' }), server.target({ name: 'w2' }), server.target({ name: 'w3', port })]
  await using others = createPool(targets)
  // w1 and w2 are the same machine here, and keep the same lock.
  const paths = { run: join(folder, 'run'), state: join(folder, 'state') }
  const run = fakeRun(others, { patience: { patienceMs: 50, patienceTotalMs: 50 } })
  const { result, lost } = await withLock(['w3', 'w1', 'w2'], run, { id: 'run-1', paths }, async () => 'had')
  expect([result, lost]).toEqual(['had', undefined])
  expect(run.of('exchange').filter(({ host }) => host === 'w3')).toEqual([])
  silent.close()
})

test('what a step prints is told without the Secrets in it', async () => {
  const password = new Secret('correct-horse-battery', 'password')
  const builder = new GraphBuilder()
  const prints: Step = { run: 'text=$(cat); echo "got $text"; echo "not $text" >&2; exit 3', stdin: password }
  const task = builder.scope('w1', 'r').add(line('a', 'one', [prints]))
  const run = fakeRun(pool)
  const { ends } = await apply(await evaluate(builder.build(), run), run)
  expect(ends.get(task.id)).toMatchObject({ result: 'failed', error: { actual: 'exit code 3\nnot <secret>' } })
  expect(run.of('task:output').map(event => event.line)).toContain('got <secret>')
  expect(JSON.stringify([run.events, [...ends.values()]])).not.toContain('correct-horse')
})
