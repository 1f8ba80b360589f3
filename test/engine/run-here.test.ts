import { EventEmitter } from 'node:events'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import type { Resource } from '../../src/core/resource.ts'
import { GraphBuilder } from '../../src/core/scope.ts'
import { apply } from '../../src/engine/apply.ts'
import { evaluate } from '../../src/engine/evaluate.ts'
import { userGate } from '../../src/resources/support/index.ts'
import { entry, FakePool, fakeHosts, fakeRun } from './fake.ts'

const descriptors = vi.hoisted(() => ({ used: false }))
vi.mock('node:child_process', async original => {
  const real = await original<typeof import('node:child_process')>()
  // What Node returns where no descriptor is left: it makes no streams, and tells the error afterwards.
  const fails = () => {
    const child = new EventEmitter()
    process.nextTick(() => child.emit('error', new Error('spawn sh EMFILE')))
    return child
  }
  return {
    ...real,
    spawn: (...args: Parameters<typeof real.spawn>) => (descriptors.used ? fails() : real.spawn(...args)),
  }
})

const folder = mkdtempSync(join(tmpdir(), 'evcctl-gate-'))
const stop = { now: new AbortController() }
afterEach(() => {
  descriptors.used = false
  stop.now = new AbortController()
})

function gate(command: string, timeoutMs = 60_000): Resource<undefined, object> {
  return userGate({ command, folder, timeoutMs, cluster: 'lab', nodes: ['w1', 'w2'], batch: 2 })
}

/** A gate before the change of a node, whose value is `now`. */
async function run(command: string, { now = '1', timeoutMs = 60_000 } = {}) {
  const builder = new GraphBuilder()
  const change = builder.scope('w3', 'r').add(entry('a', '2'))
  builder.scope('cp', 'rolling').add(gate(command, timeoutMs), { enters: [change] })
  const hosts = fakeHosts({ cp: {}, w3: { a: now } })
  const fake = fakeRun(new FakePool(hosts), { stop: stop.now.signal })
  const evaluation = await evaluate(builder.build(), fake)
  const planned = [...evaluation.plan.verdicts].map(([id, { is }]) => `${id}: ${is}`)
  const { ends } = await apply(evaluation, fake)
  const results = Object.fromEntries([...ends].map(([id, { result }]) => [id, result]))
  const error = ends.get('cp/gate:after batch 2' as never)?.error
  const lines = fake.of('task:output').map(({ line }) => line)
  return { planned, results, error, lines, value: hosts.get('w3')!.values.get('a') }
}

const [id, inside] = ['cp/gate:after batch 2', 'w3/entry:a'] as const

test('a command of the user runs on this machine, and what it lets pass changes', async () => {
  const file = join(folder, 'told')
  const { planned, results, lines, value } = await run(
    `pwd >${file}; echo "$EVCCTL_CLUSTER: $EVCCTL_NODES" | tee -a ${file}`,
  )
  expect(planned).toContain(`${id}: change`)
  expect(results).toEqual({ [id]: 'changed', [inside]: 'changed' })
  expect(readFileSync(file, 'utf8')).toBe(`${folder}\nlab: w1 w2\n`)
  expect(lines).toContain('lab: w1 w2')
  expect(value).toBe('2')
})

test('it is not asked where nothing is to change', async () => {
  const { planned, results } = await run('exit 1', { now: '2' })
  expect(planned).toEqual([`${id}: in desired state`, `${inside}: in desired state`])
  expect(results).toEqual({ [id]: 'in desired state', [inside]: 'in desired state' })
})

test('where it fails, nothing behind it changes, and the end of its output is told', async () => {
  const { results, error, value } = await run('seq 1 100; echo "5 of 6 replicas" >&2; exit 3')
  expect(results).toEqual({ [id]: 'failed', [inside]: 'skipped' })
  expect(value).toBe('1')
  expect(error?.actual).toMatch(/^exit code 3\n/)
  expect(error?.actual).toContain('5 of 6 replicas')
  expect(error?.actual?.split('\n').length).toBeLessThan(25)
})

test('where it cannot be started, its task fails and says why', async () => {
  descriptors.used = true
  const full = await run('true')
  expect(full.results).toEqual({ [id]: 'failed', [inside]: 'skipped' })
  expect(full.error?.actual).toBe('spawn sh EMFILE')
  descriptors.used = false
  const long = await run(`: ${'x'.repeat(200 * 1024)}`)
  expect(long.results).toEqual({ [id]: 'failed', [inside]: 'skipped' })
  expect(long.error?.actual).toContain('E2BIG')
})

test('where it fails, the error has no password of it', async () => {
  const command = 'set -x; : -H "Authorization: Bearer S3CRETVALUE" https://u:S3CRETPASS@gate/; exit 3'
  const { error, lines } = await run(command)
  expect(error?.expected).toContain('success of: set -x; : -H "Authorization: <hidden>')
  expect(error?.actual).toContain('Authorization: <hidden>')
  expect(JSON.stringify([error, lines])).not.toContain('S3CRET')
})

test('it is killed with all that it started when its time is over', async () => {
  const began = Date.now()
  const { results, error } = await run('sleep 600 & sleep 600', { timeoutMs: 300 })
  expect(results).toEqual({ [id]: 'failed', [inside]: 'skipped' })
  expect(error?.actual).toContain('not ended within 1 s, and killed')
  expect(Date.now() - began).toBeLessThan(20_000)
})

test('what it leaves in the background ends with it', async () => {
  const began = Date.now()
  expect((await run('sleep 600 & echo done')).results).toEqual({ [id]: 'changed', [inside]: 'changed' })
  expect(Date.now() - began).toBeLessThan(20_000)
})

test('what has left its group of processes is not waited for', async () => {
  const began = Date.now()
  expect((await run('setsid sleep 30 & echo done')).results).toEqual({ [id]: 'changed', [inside]: 'changed' })
  expect(Date.now() - began).toBeLessThan(20_000)
})

test('it is ended when the run is to stop', async () => {
  setTimeout(() => stop.now.abort(), 300)
  const { results, value } = await run('sleep 600')
  expect(results).toEqual({ [id]: 'cancelled', [inside]: 'cancelled' })
  expect(value).toBe('1')
})

test('a line without an end takes no more than some KiB', async () => {
  const { error } = await run("head -c 20000000 /dev/zero | tr '\\0' x; exit 1")
  expect(error?.actual?.length).toBeLessThan(10_000)
})

test('a folder that is not there is told', async () => {
  const builder = new GraphBuilder()
  const change = builder.scope('w3', 'r').add(entry('a', '2'))
  const lost = userGate({
    command: 'true',
    folder: join(folder, 'gone'),
    timeoutMs: 1_000,
    cluster: 'lab',
    nodes: [],
    batch: 2,
  })
  builder.scope('cp', 'rolling').add(lost, { enters: [change] })
  const fake = fakeRun(new FakePool(fakeHosts({ cp: {}, w3: { a: '1' } })))
  const { ends } = await apply(await evaluate(builder.build(), fake), fake)
  expect(ends.get(id as never)).toMatchObject({
    result: 'failed',
    error: { actual: expect.stringContaining('ENOENT') },
  })
})
