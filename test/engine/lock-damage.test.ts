import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type LockOptions, withLock } from '../../src/engine/lock.ts'
import { readLock } from '../../src/engine/lock-exchange.ts'
import { seenLock } from '../../src/engine/lock-seen.ts'
import { encodeHolder } from '../../src/engine/lock-state.ts'
import { fakeRun } from './fake.ts'
import { LocalPool } from './local-pool.ts'
import { elsewhere, lockFolder, lockPathsIn } from './lock-folder.ts'

let folder: string
let pool: LocalPool
const voters = ['cp1', 'cp2', 'cp3']
beforeEach(() => {
  pool = new LocalPool()
  folder = lockFolder(pool, voters)
})
afterEach(() => rmSync(folder, { recursive: true }))

const paths = () => lockPathsIn(folder)
const options = (id: string, more: Partial<LockOptions> = {}): LockOptions => ({
  id,
  paths: paths(),
  waitMs: 0,
  pollMs: 20,
  heartbeatMs: 20,
  holder: elsewhere(id),
  ...more,
})
const stateFile = (host: string, name: string) => join(folder, host, 'state', name)
const write = (host: string, text: string, name = 'generation') => writeFile(stateFile(host, name), `${text}\n`)
const kept = (host: string) => readFile(stateFile(host, 'generation'), 'utf8').then(text => text.trim())
const holderOn = async (host: string) => (await readLock(host, fakeRun(pool), paths())).holder?.run

/** Another run takes the lock of a host and has just given a sign of life. */
async function give(host: string, run: string) {
  const lock = join(folder, host, 'run', 'lock')
  mkdirSync(lock, { recursive: true })
  const [uptime = ''] = (await readFile('/proc/uptime', 'utf8')).split('.')
  await writeFile(
    join(lock, 'heartbeat'),
    `${(await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()} ${uptime}\n`,
  )
  await writeFile(join(lock, 'holder'), `${encodeHolder(elsewhere(run))}\n`)
}

/** Takes the lock, and tells the generation of the run and who keeps its lock. */
async function hold(id: string, hosts: readonly string[] = voters, more: Partial<LockOptions> = {}) {
  const run = fakeRun(pool)
  const { result } = await withLock(hosts, run, options(id, more), async lock => ({
    generation: lock.run.writer?.fence.generation,
    on: await Promise.all(hosts.map(host => (pool.unreachable.has(host) ? undefined : holderOn(host)))),
  }))
  return { ...result, notes: run.of('note') }
}
const refusal = (id: string, hosts: readonly string[] = voters, more: Partial<LockOptions> = {}) =>
  hold(id, hosts, more).then(
    () => expect.unreachable('it was had'),
    error => error,
  )

describe('a generation that cannot be', () => {
  test.each([
    ['the file of the lock', 'generation', '999999999999999'],
    ['the file of the lock, and cannot be raised any further', 'generation', '999999999999998'],
    ['its fence', 'fence', '999999999999 evil'],
  ])('in %s leaves that host out, by name, and raises no other', async (_, file, text) => {
    await Promise.all(voters.map(host => write(host, '6')))
    await write('cp3', text, file)
    for (const [id, generation] of [
      ['run-1', 7],
      ['run-2', 8],
    ] as const) {
      const had = await hold(id)
      expect(had).toMatchObject({ generation, on: [id, id, undefined] })
      expect(had.notes).toEqual([
        expect.objectContaining({ host: 'cp3', text: expect.stringContaining(`${paths().state}/fence`) }),
      ])
    }
    expect([await kept('cp1'), await kept('cp2')]).toEqual(['8', '8'])
    expect(await Promise.all(voters.map(holderOn))).toEqual([undefined, undefined, undefined])
  })

  test('on one of only two that answer is not believed either; it is said what to do', async () => {
    await Promise.all(voters.map(host => write(host, '6')))
    await write('cp1', '123456789012345')
    pool.unreachable.add('cp2')
    const { details } = await refusal('run-1')
    expect(details.actual).toContain('cp1: ')
    expect(details.actual).toContain('123456789012346')
    expect(details.next).toContain(`On cp1, as root: rm -f ${paths().state}/generation ${paths().state}/fence`)
    expect(await kept('cp3')).toBe('7')
    expect(await holderOn('cp3')).toBeUndefined()
  })

  test('on the only host that keeps the lock is refused, and never raised past what can be read', async () => {
    await write('cp1', '999999999999999')
    for (const id of ['run-1', 'run-2']) {
      const { details } = await refusal(id, ['cp1'])
      expect(details).toMatchObject({ where: 'cp1', actual: expect.stringContaining('999999999999999') })
      expect(details.next).toContain('On cp1, as root: rm -f')
    }
    expect(await kept('cp1')).toBe('999999999999999')
    expect(await holderOn('cp1')).toBeUndefined()
  })

  test.each(['1000000000000000', '99999999999999999999999', '08', '-3', 'x'])(
    'counts as none where it is no number of the lock (%s), on all hosts at once, too',
    async text => {
      await Promise.all(voters.map(host => write(host, text)))
      const seen = { generation: 7, counted: new Map(), busy: false }
      expect(await hold('run-1', voters, { seen })).toMatchObject({ generation: 8, notes: [] })
      expect(await Promise.all(voters.map(kept))).toEqual(['8', '8', '8'])
    },
  )

  test('is not what a host has that was made again, was off for long, or comes from another cluster', async () => {
    await write('cp2', '41')
    await write('cp3', '2000000')
    expect(await hold('run-1')).toMatchObject({ generation: 2_000_001, on: ['run-1', 'run-1', 'run-1'], notes: [] })
    expect(await Promise.all(voters.map(kept))).toEqual(['2000001', '2000001', '2000001'])
  })

  test('is not counted in what a run has seen, when a voter claims it', () => {
    const free = { busy: false, heartbeatAgeMs: Number.POSITIVE_INFINITY }
    const locks = new Map(
      [6, 6, 9e14, 7, 8e14].map((generation, index) => [`h${index}`, { ...free, generation, counted: generation }]),
    )
    expect(seenLock(locks, ['h0', 'h1', 'h2']).generation).toBe(7)
    expect(seenLock(locks, ['h0', 'h2', 'off']).generation).toBe(7)
  })
})

describe('a host that cannot write what it has to remember', () => {
  const fill = (host: string, name = 'generation.new') => mkdirSync(stateFile(host, name))

  // mv could move the file into a folder in its place, and the generation would be lost.
  test.each(
    voters.flatMap(voter => [
      [voter, 'generation.new'],
      [voter, 'generation'],
    ]),
  )('does not hinder the others: %s, with a folder in the place of %s', async (full, name) => {
    fill(full, name)
    const had = await hold('run-1')
    expect(had.generation).toBe(1)
    expect(had.on).toEqual(voters.map(host => (host === full ? undefined : 'run-1')))
    expect(had.notes).toEqual([expect.objectContaining({ host: full, text: expect.stringContaining('df -h') })])
    expect(await Promise.all(voters.map(holderOn))).toEqual([undefined, undefined, undefined])
  })

  test('counts no more where it only cannot learn what the others know', async () => {
    await write('cp3', '41')
    const state = join(folder, 'cp1', 'state')
    // Taking the lock of this host succeeds, but the second write fails.
    const { localise } = pool
    pool.localise = (host, script) =>
      localise(host, script).replaceAll(
        'raise 42',
        host === 'cp1' ? `mkdir ${state}/generation.new; raise 42` : 'raise 42',
      )
    expect(await hold('run-1')).toMatchObject({ generation: 42, on: [undefined, 'run-1', 'run-1'] })
    expect(await holderOn('cp1')).toBeUndefined()
  })

  test('and another one leave no majority: it is said why, and nothing is left behind', async () => {
    fill('cp2')
    fill('cp3')
    const { details, exitCode } = await refusal('run-1')
    expect(details.actual).toMatch(/^cp2: .*cannot be used: .*\ncp3: .*cannot be used: /)
    expect(details.next).toContain('On cp3: df -h')
    expect(exitCode).toBe(1)
    expect(await Promise.all(voters.map(holderOn))).toEqual([undefined, undefined, undefined])
  })

  test('is named with the reason where it is the only one', async () => {
    fill('cp1')
    const { details } = await refusal('run-1', ['cp1'])
    expect(details).toMatchObject({ where: 'cp1', actual: expect.stringContaining('generation.new') })
    expect(await holderOn('cp1')).toBeUndefined()
  })
})

describe('a host that was restarted while a run had the lock', () => {
  const restart = (host: string) => rmSync(join(folder, host, 'run'), { recursive: true })
  /** Takes the lock without waiting for anybody. */
  const next = async (id: string, hosts: readonly string[]) => {
    const run = fakeRun(pool)
    const { result } = await withLock(hosts, run, options(id), async ({ unquiet }) => unquiet)
    return { unquiet: result, from: run.of('lock:taken')[0]?.from }
  }

  test('tells the next run of it, which then fences all hosts, because the other one may still write', async () => {
    await withLock(['cp1'], fakeRun(pool), options('first', { heartbeatMs: 60_000 }), async () => {
      restart('cp1')
      expect(await next('second', ['cp1'])).toEqual({ unquiet: true, from: expect.stringContaining('laptop-7') })
    })
    expect(await next('third', ['cp1'])).toEqual({ unquiet: false, from: undefined })
  })

  test('tells it also where two of three were, as after a power cut', async () => {
    await withLock(voters, fakeRun(pool), options('first', { heartbeatMs: 60_000 }), async () => {
      restart('cp2')
      restart('cp3')
      pool.unreachable.add('cp1')
      expect(await next('second', voters)).toMatchObject({ unquiet: true })
      pool.unreachable.clear()
    })
  })

  test('still tells it after an attempt that came to nothing', async () => {
    await withLock(voters, fakeRun(pool), options('first', { heartbeatMs: 60_000 }), async () => {
      for (const host of voters) restart(host)
      pool.unreachable.add('cp2').add('cp3')
      await refusal('second')
      pool.unreachable.clear()
      pool.unreachable.add('cp2')
      await give('cp3', 'other')
      await refusal('third')
      rmSync(join(folder, 'cp3', 'run'), { recursive: true })
      rmSync(stateFile('cp3', 'holder'))
      expect(await next('fourth', voters)).toMatchObject({ unquiet: true })
      pool.unreachable.clear()
    })
  })

  test('knows nothing of a run that has ended, also where it ended after the restart', async () => {
    await withLock(['cp1'], fakeRun(pool), options('first', { heartbeatMs: 60_000 }), async () => restart('cp1'))
    expect(await next('second', ['cp1'])).toEqual({ unquiet: false, from: undefined })
    restart('cp1')
    expect(await next('third', ['cp1'])).toEqual({ unquiet: false, from: undefined })
  })

  test('keeps the lock of the run for it when it beats before anybody else comes', async () => {
    const { lost } = await withLock(['cp1'], fakeRun(pool), options('first'), async () => {
      restart('cp1')
      while ((await holderOn('cp1')) !== 'first') await sleep(20)
    })
    expect(lost).toBeUndefined()
    expect(await next('second', ['cp1'])).toEqual({ unquiet: false, from: undefined })
  })
})

describe('one of three hosts that says that another run has the lock, on and on', () => {
  const patient = { waitMs: 20_000 }

  test.each(voters)('does not keep a run from it that has the others: %s', async host => {
    await give(host, 'ghost')
    const run = fakeRun(pool)
    const { result } = await withLock(voters, run, options('run-1', patient), async ({ unquiet }) => ({
      unquiet,
      on: await Promise.all(voters.map(holderOn)),
    }))
    expect(result).toEqual({ unquiet: true, on: voters.map(voter => (voter === host ? 'ghost' : 'run-1')) })
    expect(run.of('lock:wait')).toEqual([expect.objectContaining({ host })])
    expect(run.of('note')).toEqual([expect.objectContaining({ host, text: expect.stringContaining('rm -rf') })])
    expect(await holderOn(host)).toBe('ghost')
  })

  test.each([['cp2'], ['cp3']])('is right where one more says so, or is silent: %s', async second => {
    await give('cp1', 'ghost')
    await give(second, 'ghost')
    expect((await refusal('run-1', voters, { waitMs: 300 })).details.problem).toBe('Another run works on this cluster')
    rmSync(join(folder, second, 'run', 'lock'), { recursive: true })
    pool.unreachable.add(second)
    expect((await refusal('run-2', voters, { waitMs: 300 })).details.problem).toBe('Another run works on this cluster')
    pool.unreachable.clear()
    expect([await holderOn('cp2'), await holderOn('cp3')]).toEqual([undefined, undefined])
  })
})

test('what a host says of the lock costs no more memory than is needed, however much it says', () => {
  const script = `import { parseLockState } from '${join(import.meta.dirname, '../../src/engine/lock-state.ts')}'
    const lines = line => Buffer.alloc(8_000_000, line).toString('latin1')
    console.log(JSON.stringify(parseLockState(lines('lock.a\\n') + lines('lock.fence 3 a\\n') + '\\nlock.generation 7')))`
  const args = ['--max-old-space-size=200', '--experimental-strip-types', '--input-type=module', '--eval', script]
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  expect(stderr).not.toContain('heap')
  expect(JSON.parse(stdout)).toMatchObject({ generation: 7 })
})
