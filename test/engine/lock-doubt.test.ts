import { rmSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { HostError } from '../../src/core/errors.ts'
import type { Session } from '../../src/core/host.ts'
import { connect, exchange } from '../../src/engine/exchange.ts'
import { type LockOptions, withLock } from '../../src/engine/lock.ts'
import { encodeHolder } from '../../src/engine/lock-state.ts'
import type { Run } from '../../src/engine/run.ts'
import { fakeRun } from './fake.ts'
import { LocalPool } from './local-pool.ts'
import { elsewhere, lockFolder, lockPathsIn } from './lock-folder.ts'

/** One host refuses all writes, as if a later run had written to it. */
class PoolWithRefusal extends LocalPool {
  refusing = 'w2'
  override async session(host: string): Promise<Session> {
    const session = await super.session(host)
    if (host !== this.refusing) return session
    const error = () => new HostError(host, 'fenced', { where: host, problem: 'a later run has written to it' })
    return { host, exchange: () => Promise.reject(error()) }
  }
}

let folder: string
let pool: PoolWithRefusal
const voters = ['cp1', 'cp2', 'cp3']
beforeEach(() => {
  pool = new PoolWithRefusal()
  folder = lockFolder(pool, voters)
})
afterEach(() => rmSync(folder, { recursive: true }))

const options = (id: string, heartbeatMs = 20): LockOptions => ({
  id,
  paths: lockPathsIn(folder),
  waitMs: 0,
  heartbeatMs,
  holder: elsewhere(id),
})
const holderFile = (host: string) => join(folder, host, 'run', 'lock', 'holder')
const give = (host: string, run: string) => writeFile(holderFile(host), encodeHolder(elsewhere(run)))
const write = async (run: Run, host: string) =>
  exchange(run, await connect(run, host), {
    jobs: [{ steps: [], verify: { script: ':', parse: () => undefined } }],
    probes: [],
  })

describe('a host which says that a later run has written to it', () => {
  test('fails alone while the hosts that keep the lock keep it for this run', async () => {
    const { lost } = await withLock(voters, fakeRun(pool), options('run-1', 60_000), async ({ run }) => {
      for (let times = 0; times < 3; times++) await expect(write(run, 'w2')).rejects.toMatchObject({ kind: 'fenced' })
      await write(run, 'w1')
      expect(run.stop.aborted).toBe(false)
    })
    expect(lost).toBeUndefined()
  })

  test('is right where a majority of them has given the lock to another run', async () => {
    const { lost } = await withLock(voters, fakeRun(pool), options('run-1', 60_000), async ({ run }) => {
      await give('cp1', 'thief')
      await give('cp3', 'thief')
      await expect(write(run, 'w2')).rejects.toMatchObject({ kind: 'fenced' })
      await expect(write(run, 'w1')).rejects.toMatchObject({ kind: 'fenced' })
    })
    expect(lost?.details.actual).toContain('laptop-7')
  })

  test.each([
    ['that keeps no lock', 'w2'],
    ['of those that keep the lock', 'cp3'],
  ])(
    'fails alone also while too few of the others answer, and nothing is written until they do: one %s',
    async (_, refusing) => {
      pool.refusing = ''
      const run = fakeRun(pool, { reconnectDelaysMs: [] })
      const { lost } = await withLock(voters, run, options('run-1', 60_000), async held => {
        pool.refusing = refusing
        pool.unreachable.add('cp1').add('cp2')
        await expect(write(held.run, refusing)).rejects.toMatchObject({ kind: 'fenced' })
        expect(held.run.stop.aborted).toBe(false)
        pool.fences.length = 0
        const writing = write(held.run, 'w1')
        await sleep(200)
        expect(pool.fences.filter(fence => fence !== undefined)).toEqual([])
        pool.unreachable.clear()
        await writing
      })
      expect(lost).toBeUndefined()
    },
  )

  test('is what a run ends with whose lock nobody has confirmed until it is over', async () => {
    const run = fakeRun(pool, { reconnectDelaysMs: [] })
    const { lost } = await withLock(voters, run, options('run-1', 60_000), async held => {
      pool.unreachable.add('cp1').add('cp2')
      await expect(write(held.run, 'w2')).rejects.toMatchObject({ kind: 'fenced' })
      const writing = write(held.run, 'w1')
      vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 61_000)
      await expect(writing).rejects.toMatchObject({ kind: 'fenced' })
      vi.restoreAllMocks()
      pool.unreachable.clear()
    })
    expect(lost?.details.problem).toContain('a later run has written to it')
  })
})

describe('a lock that three hosts keep', () => {
  test('is not lost when one of them says that it is of another run, which is told once', async () => {
    const run = fakeRun(pool)
    const { lost } = await withLock(voters, run, options('run-1'), async held => {
      await give('cp2', 'thief')
      await sleep(300)
      await held.run.writer?.hold()
      await write(held.run, 'w1')
    })
    expect(lost).toBeUndefined()
    expect(run.of('note')).toEqual([
      expect.objectContaining({ host: 'cp2', text: expect.stringContaining('laptop-7') }),
    ])
  })

  test('is lost when a second one says so, too', async () => {
    const { lost } = await withLock(voters, fakeRun(pool), options('run-1'), async ({ run }) => {
      await give('cp2', 'thief')
      await sleep(200)
      await give('cp1', 'thief')
      await new Promise(resolve => run.stop.addEventListener('abort', resolve))
    })
    expect(lost?.details.where).toBe('cp1')
  })

  test('is kept by a host again that was given back, and counts there', async () => {
    const { lost } = await withLock(voters, fakeRun(pool), options('run-1'), async ({ run }) => {
      await give('cp2', 'thief')
      await sleep(200)
      await rm(join(folder, 'cp2', 'run', 'lock'), { recursive: true })
      await sleep(300)
      await give('cp1', 'thief')
      await sleep(200)
      await run.writer?.hold()
    })
    expect(lost).toBeUndefined()
  })
})
