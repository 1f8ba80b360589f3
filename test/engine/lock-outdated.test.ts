import { rmSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HostError } from '../../src/core/errors.ts'
import type { Session } from '../../src/core/host.ts'
import { type LockOptions, withLock } from '../../src/engine/lock.ts'
import { changeLock, readLock } from '../../src/engine/lock-exchange.ts'
import { takeStep } from '../../src/engine/lock-scripts.ts'
import { type SeenLock, seenLock } from '../../src/engine/lock-seen.ts'
import { fakeRun } from './fake.ts'
import { LocalPool } from './local-pool.ts'
import { elsewhere, lockFolder, lockPathsIn } from './lock-folder.ts'

/** Loses the answer to the first write on each host, after the write has run there. */
class PoolThatLosesAnswers extends LocalPool {
  readonly #lost = new Set<string>()
  override async session(host: string): Promise<Session> {
    const session = await super.session(host)
    return {
      host,
      exchange: async (request, options) => {
        const reply = await session.exchange(request, options)
        if (request.jobs.length === 0 || this.#lost.has(host)) return reply
        this.#lost.add(host)
        throw new HostError(host, 'lost', { where: host, problem: 'cut' })
      },
    }
  }
}

let folder: string
const voters = ['cp1', 'cp2', 'cp3']
const hosts = [...voters, 'cp4', 'w1']
beforeEach(() => {
  folder = lockFolder(new LocalPool(), hosts)
})
afterEach(() => rmSync(folder, { recursive: true }))

const paths = () => lockPathsIn(folder)
const write = (host: string, name: string, text: string) => writeFile(join(folder, host, 'state', name), `${text}\n`)

/** A pool that does not reach some hosts. */
function without(off: readonly string[], pool = new LocalPool()): LocalPool {
  pool.localise = (host, script) => script.replaceAll(folder, join(folder, host))
  for (const host of off) pool.unreachable.add(host)
  return pool
}

/** Reads the lock like a run that does not reach some hosts. */
async function look(off: readonly string[] = [], of: readonly string[] = voters): Promise<SeenLock> {
  const read = [...new Set([...of, 'w1'])].filter(host => !off.includes(host))
  const locks = await Promise.all(
    read.map(async host => [host, await readLock(host, fakeRun(without([])), paths())] as const),
  )
  const { holder: _, ...seen } = seenLock(new Map(locks), of)
  return seen
}

/** Takes the lock, and tells whether the reading before is outdated. */
async function apply(
  id: string,
  seen: SeenLock,
  {
    off = [],
    of = voters,
    pool = without(off),
  }: { off?: readonly string[]; of?: readonly string[]; pool?: LocalPool } = {},
): Promise<boolean> {
  const options: LockOptions = { id, paths: paths(), waitMs: 0, heartbeatMs: 60_000, holder: elsewhere(id), seen }
  const { result } = await withLock(of, fakeRun(pool), options, async ({ outdated }) => outdated)
  return result
}

/** An attempt that reaches too few hosts. */
async function refused(id: string, off: readonly string[]): Promise<void> {
  await expect(apply(id, await look(off), { off })).rejects.toThrow('Too few of the hosts')
}

describe('a run between the reading and the lock of another one', () => {
  test('is noticed where attempts that were refused had raised one host beyond the others', async () => {
    for (const id of ['x1', 'x2', 'x3']) await refused(id, ['cp2', 'cp3'])
    const seen = await look()
    expect(await apply('between', await look(['cp1']), { off: ['cp1'] })).toBe(false)
    expect(await apply('late', seen)).toBe(true)
  })

  test.each([
    ['a worker that was in another cluster', () => write('w1', 'fence', '40 old-run')],
    ['one that keeps the lock and was a worker in another cluster', () => write('cp1', 'fence', '40 old-run')],
    ['one that kept the lock of another cluster', () => write('cp1', 'generation', '40')],
  ])('is noticed where %s knows of more runs than the others', async (_, prepare) => {
    await prepare()
    const seen = await look()
    const blind = { ...(await look(['cp1'])), generation: 0 }
    expect(await apply('between', blind, { off: ['cp1'] })).toBe(false)
    expect(await apply('late', seen)).toBe(true)
  })

  test('is noticed where one host keeps the lock, and a worker knows of more runs', async () => {
    await write('w1', 'fence', '40 old-run')
    const seen = await look([], ['cp1'])
    await apply('between', await look(['w1'], ['cp1']), { of: ['cp1'] })
    expect(await apply('late', seen, { of: ['cp1'] })).toBe(true)
  })

  test('is noticed where the answer of its take was lost, and so was that of the late one', async () => {
    await write('cp1', 'generation', '40')
    const blind = { ...(await look([], ['cp1'])), generation: 0 }
    const seen = await look([], ['cp1'])
    expect(await apply('between', blind, { of: ['cp1'], pool: without([], new PoolThatLosesAnswers()) })).toBe(true)
    expect(await apply('late', seen, { of: ['cp1'], pool: without([], new PoolThatLosesAnswers()) })).toBe(true)
  })

  test('is noticed where it worked with other hosts that keep the lock', async () => {
    await write('w1', 'fence', '40 old-run')
    const seen = await look()
    const of = ['cp1', 'cp2', 'cp3', 'cp4', 'w1']
    await apply('between', await look(['cp1', 'cp2'], of), { of, off: ['cp1', 'cp2'] })
    expect(await apply('late', seen)).toBe(true)
  })

  test.each([
    ['most of the hosts were not read', ['cp1', 'cp2'], []],
    ['one was not read and another one is off by now', ['cp3'], ['cp1']],
  ])('may have been where %s', async (_, unread, off) => {
    expect(await apply('late', await look(unread), { off })).toBe(true)
  })
})

describe('what was read is not outdated', () => {
  test('by applies one after the other', async () => {
    for (const id of ['run-1', 'run-2', 'run-3']) expect(await apply(id, await look())).toBe(false)
  })

  test('where hosts know of different numbers of runs, whichever of them is off', async () => {
    await write('w1', 'fence', '40 old-run')
    await write('cp2', 'generation', '7')
    for (const off of [['cp1'], ['cp2'], [], ['cp3']])
      expect(await apply(`run-${off}`, await look(off), { off })).toBe(false)
  })

  test('where the answers of its own takes are lost and they are repeated', async () => {
    await write('cp2', 'generation', '7')
    const pool = without([], new PoolThatLosesAnswers())
    expect(await apply('run-1', await look(), { pool })).toBe(false)
  })

  test('by attempts before that were refused', async () => {
    await refused('x1', ['cp2', 'cp3'])
    await refused('x2', ['cp2', 'cp3'])
    expect(await apply('run-1', await look())).toBe(false)
  })
})

test('a take that was cut off after it had the lock raises the generation when it is repeated', async () => {
  await write('cp1', 'generation', '40')
  const take = takeStep(paths(), elsewhere('run-1'), 1)
  const pool = without([])
  const { localise } = pool
  // This is like a script that is killed at this place.
  pool.localise = (host, script) => localise(host, script).replace(/^remember holder .*/m, 'exit 0')
  await changeLock('cp1', fakeRun(pool), take, paths())
  expect((await readFile(join(folder, 'cp1', 'state', 'generation'), 'utf8')).trim()).toBe('40')
  const state = await changeLock('cp1', fakeRun(without([])), take, paths())
  expect(state).toMatchObject({ generation: 41, counted: 41, found: 40 })
})
