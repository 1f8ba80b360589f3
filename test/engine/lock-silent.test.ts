import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HostError } from '../../src/core/errors.ts'
import type { Session } from '../../src/core/host.ts'
import { limits } from '../../src/core/limits.ts'
import { thisController } from '../../src/engine/controller.ts'
import { type LockOptions, withLock } from '../../src/engine/lock.ts'
import { readLock } from '../../src/engine/lock-exchange.ts'
import { fakeRun } from './fake.ts'
import { LocalPool } from './local-pool.ts'
import { lockFolder, lockPathsIn } from './lock-folder.ts'

/** Records the order of connections and writes. Some hosts never connect, others never answer a write. */
class TracingPool extends LocalPool {
  readonly silent = new Set<string>()
  /** This host connects only once `late` is resolved. */
  slow: string | undefined
  readonly late = Promise.withResolvers<void>()
  readonly hanging = new Set<string>()
  /** This host answers the first write, but not the second one. */
  hangingTwice: string | undefined
  readonly trace: string[] = []
  /** The time-out of each write that was not answered, by host, ms. */
  readonly bounds = new Map<string, number | undefined>()

  override async session(host: string, signal?: AbortSignal): Promise<Session> {
    this.trace.push(`connect ${host}`)
    if (this.silent.has(host)) await cancelled(host, signal)
    if (this.slow === host) await this.late.promise
    const session = await super.session(host)
    return {
      host,
      exchange: async (request, options) => {
        if (request.jobs.length > 0) this.trace.push(`write ${host}`)
        const hangs = this.hanging.has(host) && request.jobs.length > 0
        // As with a connection that is cut off, the write runs on the host nevertheless.
        const reply = await session.exchange(request, options)
        if (this.hangingTwice === host && request.jobs.length > 0) {
          this.hangingTwice = undefined
          this.hanging.add(host)
        }
        if (!hangs) return reply
        this.hanging.delete(host)
        this.bounds.set(host, options.timeoutMs)
        throw new HostError(host, 'timed out', { where: host, problem: 'it hangs' })
      },
    }
  }
}

function cancelled(host: string, signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () =>
      reject(new HostError(host, 'cancelled', { where: host, problem: 'cancelled' })),
    )
  })
}

let folder: string
let pool: TracingPool
const voters = ['cp1', 'cp2', 'cp3', 'cp4', 'cp5']
beforeEach(() => {
  pool = new TracingPool()
  folder = lockFolder(pool, voters)
})
afterEach(() => rmSync(folder, { recursive: true }))

const paths = () => lockPathsIn(folder)
const options = (id: string): LockOptions => ({
  id,
  paths: paths(),
  waitMs: 0,
  heartbeatMs: 60_000,
  holder: { ...thisController(id), machine: 'another' },
})
const impatient = { patienceMs: 50, patienceTotalMs: 60_000 }
const holders = () =>
  Promise.all(voters.map(async host => (await readLock(host, fakeRun(new Unhindered()), paths())).holder?.run))

/** The same hosts, but all of them answer. */
class Unhindered extends LocalPool {
  override localise = pool.localise
}

/** Who keeps the lock of a run while it has it. */
async function hold(id = 'run-1') {
  const run = fakeRun(pool, { patience: impatient, reconnectDelaysMs: [] })
  const { result } = await withLock(voters, run, options(id), () => holders())
  return { on: voters.filter((_, index) => result[index] === id), notes: run.of('note') }
}

describe('hosts that keep the lock and do not connect', () => {
  test('are waited for all at once, and no longer than for some seconds where the others are a majority', async () => {
    pool.silent.add('cp1').add('cp3')
    expect((await hold()).on).toEqual(['cp2', 'cp4', 'cp5'])
    expect(pool.trace.slice(0, voters.length)).toEqual(voters.map(host => `connect ${host}`))
    expect(pool.trace.filter(step => step.includes('cp1') || step.includes('cp3'))).toHaveLength(2)
  })

  test('are waited for as long as it takes where the others are none', async () => {
    pool.silent.add('cp1').add('cp3')
    pool.slow = 'cp4'
    setTimeout(() => pool.late.resolve(), 300)
    expect((await hold()).on).toEqual(['cp2', 'cp4', 'cp5'])
  })

  test('are named where they are too many, and nothing is written', async () => {
    for (const host of ['cp1', 'cp3', 'cp4']) pool.unreachable.add(host)
    await expect(hold()).rejects.toThrow(/cp1: no route\n.*cp3: no route\n.*cp4: no route/)
    expect(pool.trace.filter(step => step.startsWith('write'))).toEqual([])
  })
})

describe('hosts that connect and do not answer what the lock asks', () => {
  test('keep no lock that they took all the same once the run has ended', async () => {
    pool.hanging.add('cp1').add('cp3')
    const run = fakeRun(pool, { patience: impatient })
    await withLock(voters, run, options('run-1'), async () => {
      expect(await holders()).toEqual(voters.map(() => 'run-1'))
    })
    expect(await holders()).toEqual(voters.map(() => undefined))
    expect(run.of('note')).toEqual([])
    // The next run does not believe that it has pushed somebody aside.
    const next = fakeRun(pool)
    expect((await withLock(voters, next, options('run-2'), async ({ unquiet }) => unquiet)).result).toBe(false)
    expect(next.of('lock:taken')[0]).not.toHaveProperty('from')
  })

  test('nor do they where the lock was not had for them, or for the raising of its number', async () => {
    for (const host of ['cp1', 'cp3', 'cp5']) pool.hanging.add(host)
    await expect(hold()).rejects.toThrow('Too few of the hosts')
    expect(await holders()).toEqual(voters.map(() => undefined))
    // cp2 has counted no run, and the others one, so cp2 has to be told.
    rmSync(join(folder, 'cp2', 'state'), { recursive: true })
    pool.hangingTwice = 'cp2'
    await withLock(voters, fakeRun(pool, { patience: impatient }), options('run-2'), async () => undefined)
    expect(pool.bounds.get('cp2')).toBe(impatient.patienceMs)
    expect(await holders()).toEqual(voters.map(() => undefined))
  })

  test('are waited for as short as those, as long as the others are a majority', async () => {
    pool.hanging.add('cp1').add('cp3')
    await hold()
    expect([...pool.bounds]).toEqual([
      ['cp1', impatient.patienceMs],
      ['cp3', impatient.patienceMs],
    ])
  })

  test('hold up the end of a run no longer than that, also when they fall silent meanwhile', async () => {
    const run = fakeRun(pool, { patience: impatient, reconnectDelaysMs: [] })
    await withLock(voters, run, options('run-1'), async () => {
      pool.silent.add('cp1').add('cp2')
    })
    expect(await holders()).toEqual(['run-1', 'run-1', undefined, undefined, undefined])
    expect(run.of('note').map(({ host }) => host)).toEqual(['cp1', 'cp2'])
  })

  test('get more time where they are needed', async () => {
    for (const host of ['cp1', 'cp3', 'cp5']) pool.hanging.add(host)
    await expect(hold()).rejects.toThrow('Too few of the hosts')
    expect(pool.bounds.get('cp3')).toBe(impatient.patienceMs)
    expect(pool.bounds.get('cp5')).toBeGreaterThan(limits.patienceMs)
  })
})
