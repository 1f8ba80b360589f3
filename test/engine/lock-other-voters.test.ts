import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { UserError } from '../../src/core/errors.ts'
import { thisController } from '../../src/engine/controller.ts'
import { withLock } from '../../src/engine/lock.ts'
import { readLock } from '../../src/engine/lock-exchange.ts'
import { encodeHolder, parseLockState, votersDigest } from '../../src/engine/lock-state.ts'
import { fakeRun } from './fake.ts'
import { LocalPool } from './local-pool.ts'
import { lockFolder, lockPathsIn } from './lock-folder.ts'

let folder: string
const pool = new LocalPool()
beforeEach(() => {
  folder = lockFolder(pool, ['h1', 'h2', 'h3', 'w1'])
})
afterEach(() => rmSync(folder, { recursive: true }))

const options = (id: string, waitMs: number) => ({
  id,
  ...{ paths: lockPathsIn(folder), waitMs, pollMs: 20, heartbeatMs: 50 },
  holder: { ...thisController(id), machine: id, controller: id },
})

test('a host that shows a holder with other hosts is named, with what to remove if there is no such run', async () => {
  const others = withLock(['h3'], fakeRun(pool), options('elsewhere', 0), () => sleep(1_000))
  await sleep(300)
  const run = withLock(['h1', 'h2', 'h3'], fakeRun(pool), options('run', 100), async () => undefined)
  const error = await run.then(
    () => undefined,
    (cause: UserError) => cause.details,
  )
  expect(error).toMatchObject({ where: 'h3', next: expect.stringContaining(`sudo rm -rf ${join(folder, 'run')}/lock`) })
  await others
})

/** What a host shows that makes up a run with another list of hosts, as fresh as it likes. */
function madeUp(host: string, run: string, list = 'f00'): void {
  const lock = join(folder, host, 'run/lock')
  mkdirSync(lock, { recursive: true })
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  const uptime = readFileSync('/proc/uptime', 'utf8').split('.')[0]
  writeFileSync(join(lock, 'heartbeat'), `${boot} ${uptime}\n`)
  writeFileSync(join(lock, 'holder'), `${encodeHolder({ ...thisController(run), machine: run, voters: list })}\n`)
}

const refused = (voters: readonly string[], witnesses: readonly string[] = []) =>
  withLock(voters, fakeRun(pool), { ...options('run', 0), witnesses }, async () => undefined).then(
    () => undefined,
    (cause: UserError) => cause.details,
  )

test('a host that alone claims a run with other hosts is named, with how to go on without it, which works', async () => {
  madeUp('w1', 'nobody')
  const error = await refused(['h1', 'h2', 'w1'])
  expect(error).toMatchObject({ where: 'w1', actual: expect.stringMatching(/; so says w1 alone, not h1, h2$/) })
  expect(error?.next).toContain('w1 may also be wrong')
  expect(error?.next).toContain(`ssh w1 sudo rm -rf ${join(folder, 'run')}/lock`)
  expect(error?.next).toContain('put another worker before it in cluster.yaml')
  expect(error?.next).toContain('turn it off')
  const into = (voters: readonly string[]) => withLock(voters, fakeRun(pool), options('run', 0), async () => 'in')
  expect((await into(['h1', 'h2', 'h3'])).result).toBe('in')
  pool.unreachable.add('w1')
  expect((await into(['h1', 'h2', 'w1'])).result).toBe('in')
  pool.unreachable.delete('w1')
})

test('a host that claims one is named, also behind one that claims another run with these hosts', async () => {
  const all = ['h1', 'h2', 'w1']
  madeUp('h1', 'somebody', votersDigest(all))
  madeUp('w1', 'nobody')
  const run = withLock(all, fakeRun(pool), options('run', 200), async () => undefined)
  await expect(run).rejects.toMatchObject({
    details: { where: 'w1', next: expect.stringContaining('do not trust w1') },
  })
})

test('a host that leaves and claims one can be taken out of the file, and the only host that there is cannot', async () => {
  madeUp('h2', 'nobody')
  pool.unreachable.add('h3')
  const leaving = await refused(['h1'], ['h2', 'h3'])
  expect(leaving).toMatchObject({
    where: 'h2',
    actual: expect.stringMatching(/; so says h2 alone, not h1; no answer from h3$/),
    next: expect.stringContaining('take it out of cluster.yaml, or turn it off'),
  })
  pool.unreachable.delete('h3')
  expect((await refused(['h2']))?.next).toContain('There is no way without it')
  madeUp('h3', 'nobody')
  expect((await refused(['h1', 'h2', 'h3']))?.actual).toMatch(/; so says h2, h3, not h1$/)
})

test('hosts that leave by this file are asked whether a run with the file from before is at work', async () => {
  const leave = Promise.withResolvers<void>()
  const entered = Promise.withResolvers<void>()
  pool.unreachable.add('h1')
  const former = withLock(['h1', 'h2', 'h3'], fakeRun(pool), options('former', 0), async () => {
    entered.resolve()
    await leave.promise
  })
  await entered.promise
  pool.unreachable.delete('h1')
  pool.unreachable.add('gone')
  const witnesses = ['h2', 'h3', 'gone']
  const later = (waitMs: number) =>
    withLock(['h1'], fakeRun(pool), { ...options('later', waitMs), witnesses }, async () => 'in')
  await expect(later(100)).rejects.toMatchObject({ details: { where: expect.stringMatching(/^h[23]$/) } })
  expect((await readLock('h1', fakeRun(pool), lockPathsIn(folder))).holder).toBeUndefined()
  const waiting = later(60_000)
  leave.resolve()
  await former
  expect((await waiting).result).toBe('in')
})

test('a dead run with the file from before is not waited for', async () => {
  const lock = join(folder, 'h2', 'run/lock')
  mkdirSync(lock, { recursive: true })
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  writeFileSync(join(lock, 'heartbeat'), `${boot} 1\n`)
  writeFileSync(
    join(lock, 'holder'),
    `${encodeHolder({ ...thisController('other'), machine: 'other', voters: 'f00' })}\n`,
  )
  const given = { ...options('later', 0), witnesses: ['h2'] }
  expect((await withLock(['h1'], fakeRun(pool), given, async () => 'in')).result).toBe('in')
})

test('a heartbeat from later than now is none', async () => {
  const state = parseLockState('lock.heartbeat boot 99999999\nlock.now boot 1000\n')
  expect(state.heartbeatAgeMs).toBe(Number.POSITIVE_INFINITY)
  expect(parseLockState('lock.heartbeat boot 990\nlock.now boot 1000\n').heartbeatAgeMs).toBe(10_000)
  const lock = join(folder, 'h1', 'run/lock')
  mkdirSync(lock, { recursive: true })
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  writeFileSync(join(lock, 'heartbeat'), `${boot} 99999999\n`)
  writeFileSync(join(lock, 'holder'), `${encodeHolder({ ...thisController('other'), machine: 'other' })}\n`)
  const { result } = await withLock(['h1'], fakeRun(pool), options('run', 0), async () => 'in')
  expect(result).toBe('in')
})

test.each([
  ['has more control plane nodes', ['h1'], ['h1', 'h2', 'h3']],
  ['has a tie breaker', ['h1'], ['h1', 'h2', 'w1']],
  ['has its nodes in another order', ['h1', 'h2', 'h3'], ['h3', 'h1', 'h2']],
])('a run is waited for by one whose cluster file %s', async (_what, former, later) => {
  const order: string[] = []
  const entered = Promise.withResolvers<void>()
  const leave = Promise.withResolvers<void>()
  const first = withLock(former, fakeRun(pool), options('first', 0), async () => {
    order.push('first in')
    entered.resolve()
    await leave.promise
    order.push('first out')
  })
  await entered.promise
  await expect(
    withLock(later, fakeRun(pool), options('impatient', 300), async () => order.push('in')),
  ).rejects.toThrow()
  const second = withLock(later, fakeRun(pool), options('second', 60_000), async () => order.push('second in'))
  leave.resolve()
  await Promise.all([first, second])
  expect(order).toEqual(['first in', 'first out', 'second in'])
})
