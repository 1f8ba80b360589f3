import { rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { HostError } from '../../src/core/errors.ts'
import type { Session } from '../../src/core/host.ts'
import { thisController } from '../../src/engine/controller.ts'
import { connect, exchange } from '../../src/engine/exchange.ts'
import { type LockOptions, withLock } from '../../src/engine/lock.ts'
import { readLock } from '../../src/engine/lock-exchange.ts'
import type { Run } from '../../src/engine/run.ts'
import { fakeRun } from './fake.ts'
import { LocalPool } from './local-pool.ts'
import { lockFolder, lockPathsIn } from './lock-folder.ts'

/** Hosts that hang while they are connected or written to, until the one who waits gives up. */
class HangingPool extends LocalPool {
  readonly connecting = new Set<string>()
  readonly writing = new Set<string>()
  readonly tried: string[] = []
  override async session(host: string, signal?: AbortSignal): Promise<Session> {
    this.tried.push(host)
    if (this.connecting.has(host)) return given(host, signal)
    const session = await super.session(host)
    return {
      host,
      exchange: (request, options) =>
        this.writing.has(host) && request.jobs.length > 0
          ? given(host, options.signal)
          : session.exchange(request, options),
    }
  }
}

function given(host: string, signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    const end = () => reject(new HostError(host, 'cancelled', { where: host, problem: 'cancelled' }))
    if (signal?.aborted) end()
    signal?.addEventListener('abort', end)
  })
}

let folder: string
let pool: HangingPool
const voters = ['cp1', 'cp2', 'cp3']
beforeEach(() => {
  pool = new HangingPool()
  folder = lockFolder(pool, voters)
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true })
})

const paths = () => lockPathsIn(folder)
const options = (id: string): LockOptions => ({
  id,
  paths: paths(),
  waitMs: 0,
  heartbeatMs: 60_000,
  holder: { ...thisController(id), machine: 'another' },
})
const write = async (run: Run, host: string) =>
  exchange(run, await connect(run, host), {
    jobs: [{ steps: [], verify: { script: ':', parse: () => undefined } }],
    probes: [],
  })

/** A run that the user ends: `stop` as the first ^C does, `abort` as the second one. */
function interruptible() {
  const [stop, abort] = [new AbortController(), new AbortController()]
  return { stop, abort, run: fakeRun(pool, { stop: stop.signal, abort: abort.signal }) }
}

describe('a run that is stopped while it takes the lock', () => {
  test.each([
    ['writes', 'all hosts', voters],
    ['writes', 'one host', ['cp2']],
    ['connects', 'all hosts', voters],
    ['connects', 'one host', ['cp2']],
  ])('says so with its exit code where it %s and %s hang', async (phase, _, hanging) => {
    for (const host of hanging) (phase === 'writes' ? pool.writing : pool.connecting).add(host)
    const { stop, abort, run } = interruptible()
    const had = withLock(voters, run, options('run-1'), async () => undefined)
    await sleep(200)
    stop.abort()
    abort.abort()
    await expect(had).rejects.toMatchObject({ exitCode: 130 })
    pool.writing.clear()
    pool.connecting.clear()
    for (const host of voters) expect((await readLock(host, fakeRun(pool), paths())).holder).toBeUndefined()
  })

  test('says so also where too few hosts would have been there', async () => {
    pool.unreachable.add('cp1').add('cp2')
    const { stop, run } = interruptible()
    const had = withLock(voters, { ...run, reconnectDelaysMs: [60_000] }, options('run-1'), async () => undefined)
    await vi.waitFor(() => expect(pool.tried).toContain('cp1'))
    stop.abort()
    await expect(had).rejects.toMatchObject({ exitCode: 130 })
    // After the stop, a connection that failed is not tried again.
    expect(pool.tried.filter(host => host === 'cp1')).toHaveLength(1)
  })

  test('begins with no further host', async () => {
    const { stop, run } = interruptible()
    const { localise } = pool
    const asked = new Set<string>()
    pool.localise = (host, script) => {
      asked.add(host)
      stop.abort()
      return localise(host, script)
    }
    await expect(withLock(voters, run, options('run-1'), async () => undefined)).rejects.toMatchObject({
      exitCode: 130,
    })
    expect([...asked]).toEqual(['cp1'])
    expect((await readLock('cp1', fakeRun(pool), paths())).holder).toBeUndefined()
  })
})

test('the second ^C does not wait until it is known whether the lock is still held', async () => {
  const { stop, abort, run } = interruptible()
  const { lost } = await withLock(voters, { ...run, reconnectDelaysMs: [] }, options('run-1'), async held => {
    // This is like a laptop that has slept and is not in its network yet.
    vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 50_000)
    for (const host of voters) pool.unreachable.add(host)
    pool.fences.length = 0
    const writing = write(held.run, 'w1')
    await sleep(50)
    stop.abort()
    abort.abort()
    await expect(writing).rejects.toMatchObject({ kind: 'cancelled' })
    await expect(write(held.run, 'w1')).rejects.toMatchObject({ kind: 'cancelled' })
    expect(pool.fences).toEqual([])
    pool.unreachable.clear()
  })
  expect(lost).toBeUndefined()
})

test('nor until the hosts that keep the lock were asked whether one is right that refuses to be written to', async () => {
  const { stop, abort, run } = interruptible()
  await withLock(voters, run, options('run-1'), async held => {
    for (const host of voters) pool.writing.add(host)
    const refusing: Session = {
      host: 'w1',
      exchange: () => Promise.reject(new HostError('w1', 'fenced', { where: 'w1', problem: 'a later run' })),
    }
    const writing = exchange(held.run, refusing, {
      jobs: [{ steps: [], verify: { script: ':', parse: () => undefined } }],
      probes: [],
    })
    await sleep(50)
    stop.abort()
    abort.abort()
    await expect(writing).rejects.toMatchObject({ kind: 'fenced' })
    pool.writing.clear()
  })
})
