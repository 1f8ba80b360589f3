import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { UserError } from '../../src/core/errors.ts'
import type { Session, SshPool } from '../../src/core/host.ts'
import { activeHolder } from '../../src/engine/active-holder.ts'
import { thisController } from '../../src/engine/controller.ts'
import { fenceHosts, type LockOptions, withLock } from '../../src/engine/lock.ts'
import { changeLock, readLock } from '../../src/engine/lock-exchange.ts'
import { takeStep } from '../../src/engine/lock-scripts.ts'
import { seenLock } from '../../src/engine/lock-seen.ts'
import { encodeHolder, type LockHolder, parseLockState } from '../../src/engine/lock-state.ts'
import { fakeRun } from './fake.ts'
import { LocalPool } from './local-pool.ts'
import { elsewhere, lockPathsIn } from './lock-folder.ts'

let folder: string
let pool: LocalPool
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evcctl-lock-'))
  pool = new LocalPool()
})
afterEach(() => rmSync(folder, { recursive: true }))

const paths = () => lockPathsIn(folder)
const options = (id: string, more: Partial<LockOptions> = {}): LockOptions => ({
  id,
  paths: paths(),
  waitMs: 0,
  pollMs: 20,
  heartbeatMs: 20,
  ...more,
})
const read = () => readLock('cp', fakeRun(pool), paths())

describe('the run lock', () => {
  test('is held while the work runs and free afterwards, also after a failure', async () => {
    const run = fakeRun(pool)
    await withLock(['cp'], run, options('run-1'), async () => {
      const state = await read()
      expect(state).toMatchObject({
        generation: 1,
        holder: { run: expect.stringMatching(/^run-1-[0-9a-f]{16}$/), pid: process.pid },
      })
      expect(state.heartbeatAgeMs).toBeLessThan(60_000)
    })
    expect(await read()).toEqual({
      generation: 1,
      counted: 1,
      busy: false,
      heartbeatAgeMs: Number.POSITIVE_INFINITY,
    })
    const failing = withLock(['cp'], run, options('run-2'), () => Promise.reject(new Error('work failed')))
    await expect(failing).rejects.toThrow('work failed')
    expect((await read()).holder).toBeUndefined()
    expect(run.events.map(event => event.type).filter(type => type !== 'exchange')).toEqual([
      'lock:taken',
      'lock:released',
      'lock:taken',
      'lock:released',
    ])
  })

  test('is had by one of two runs of the same id, as two machines give it in the same second', async () => {
    let inside = 0
    let most = 0
    const work = async () => {
      most = Math.max(most, ++inside)
      await sleep(100)
      inside--
    }
    const run = () => withLock(['cp'], fakeRun(pool), options('2026-11-28T10-15-03-edge', { waitMs: 5_000 }), work)
    const [first, second] = await Promise.all([run(), sleep(30).then(run)])
    expect(most).toBe(1)
    expect([first.lost, second.lost]).toEqual([undefined, undefined])
    expect((await read()).generation).toBe(2)
  })

  test('keeps its folder to root', async () => {
    await withLock(['cp'], fakeRun(pool), options('run-1'), async () => {
      expect((await stat(join(paths().run, 'lock'))).mode & 0o777).toBe(0o700)
    })
  })

  test('is had by exactly one of many who want it at once', async () => {
    let inside = 0
    let most = 0
    const work = async () => {
      most = Math.max(most, ++inside)
      await sleep(30)
      inside--
    }
    const runs = ['a', 'b', 'c', 'd'].map(id =>
      withLock(['cp'], fakeRun(pool), options(id, { waitMs: 20_000, holder: elsewhere(id) }), work),
    )
    await Promise.all(runs)
    expect(most).toBe(1)
    expect((await read()).generation).toBe(4)
  })

  test('that is held is waited for, with an event that names the holder, and refused in the end', async () => {
    await withLock(['cp'], fakeRun(pool), options('run-1', { holder: elsewhere('run-1') }), async () => {
      const second = fakeRun(pool)
      const error = await withLock(['cp'], second, options('run-2', { waitMs: 1500 }), async () => 1).catch(
        thrown => thrown,
      )
      expect(error).toBeInstanceOf(UserError)
      expect((error as UserError).details.actual).toContain('on laptop-7 (pid ')
      expect(second.of('lock:wait')).toHaveLength(1)
    })
  })

  test('of a dead process of this machine is taken over at once', async () => {
    const dead: LockHolder = { ...thisController('dead'), pid: 2 ** 22 + 1 }
    await withLock(['cp'], fakeRun(pool), options('dead', { holder: dead, heartbeatMs: 60_000 }), async () => {
      const run = fakeRun(pool)
      await withLock(['cp'], run, options('run-2'), async () => expect((await read()).holder?.run).toMatch(/^run-2-/))
      expect(run.of('lock:taken')[0]?.from).toContain(`pid ${dead.pid}`)
    })
  })

  test('without a heartbeat for 60 s of the host’s clock is taken over', async () => {
    await withLock(
      ['cp'],
      fakeRun(pool),
      options('silent', { holder: elsewhere('silent'), heartbeatMs: 60_000 }),
      async () => {
        const heartbeat = join(paths().run, 'lock', 'heartbeat')
        const [boot, uptime] = (await readFile(heartbeat, 'utf8')).trim().split(' ')
        await writeFile(heartbeat, `${boot} ${Number(uptime) - 61}\n`)
        const run = fakeRun(pool)
        await withLock(['cp'], run, options('run-2'), async () => expect((await read()).generation).toBe(2))
        expect(run.of('lock:taken')[0]?.from).toContain('laptop-7')
      },
    )
  })

  test('of this very run that is found again, as after a free that failed, begins with a heartbeat and its number', async () => {
    const holder = elsewhere('run-1')
    await changeLock('cp', fakeRun(pool), takeStep(paths(), holder, 1), paths())
    const heartbeat = join(paths().run, 'lock', 'heartbeat')
    const [boot, uptime] = (await readFile(heartbeat, 'utf8')).trim().split(' ')
    await writeFile(heartbeat, `${boot} ${Number(uptime) - 123}\n`)
    const state = await changeLock('cp', fakeRun(pool), takeStep(paths(), holder, 7), paths())
    expect(state).toMatchObject({ holder: { run: 'run-1' }, generation: 7 })
    expect(state.heartbeatAgeMs).toBeLessThan(60_000)
  })

  test('that was lost stops the work, says who has it, and is not freed', async () => {
    const { result, lost } = await withLock(['cp'], fakeRun(pool), options('run-1'), async lock => {
      await writeFile(join(paths().run, 'lock', 'holder'), encodeHolder(elsewhere('thief')))
      await new Promise(resolve => lock.run.stop.addEventListener('abort', resolve))
      return 'stopped'
    })
    expect(result).toBe('stopped')
    expect(lost?.details.actual).toContain('laptop-7')
    expect((await read()).holder?.run).toBe('thief')
  })

  test('that is gone because the host was restarted is made again', async () => {
    const { lost } = await withLock(['cp'], fakeRun(pool), options('run-1'), async () => {
      rmSync(paths().run, { recursive: true })
      while ((await read()).holder === undefined) await sleep(10)
    })
    expect(lost).toBeUndefined()
    expect((await read()).holder).toBeUndefined()
  })

  test('survives a heartbeat that does not get through', async () => {
    const { lost } = await withLock(['cp'], fakeRun(pool), options('run-1'), async () => {
      pool.away = true
      await sleep(60)
      pool.away = false
      await sleep(60)
    })
    expect(lost).toBeUndefined()
  })

  test('tells that somebody applied something since the facts were read', async () => {
    const before = (await read()).generation
    const outdated = (id: string, generation: number) =>
      withLock(
        ['cp'],
        fakeRun(pool),
        options(id, { seen: { generation, counted: new Map([['cp', generation]]), busy: false } }),
        async lock => lock.outdated,
      )
    expect((await outdated('run-1', before)).result).toBe(false)
    expect((await outdated('run-2', before)).result).toBe(true)
  })

  test('is not waited for any longer once the run stops', async () => {
    await withLock(['cp'], fakeRun(pool), options('run-1', { holder: elsewhere('run-1') }), async () => {
      const stop = new AbortController()
      const second = fakeRun(pool, { stop: stop.signal })
      const waiting = withLock(['cp'], second, options('run-2', { waitMs: 60_000, pollMs: 60_000 }), async () => 1)
      setTimeout(() => stop.abort(), 50)
      await expect(waiting).rejects.toMatchObject({ exitCode: 130 })
    })
  })
})

test.each([
  ['a holder elsewhere that gives signs', { holder: elsewhere('a'), heartbeatAgeMs: 9_000 }, 'a'],
  ['a silent one', { holder: elsewhere('a'), heartbeatAgeMs: 61_000 }, undefined],
  [
    'a dead one of this machine',
    { holder: { ...thisController('a'), pid: 2 ** 22 + 1 }, heartbeatAgeMs: 0 },
    undefined,
  ],
  ['nobody', { heartbeatAgeMs: Number.POSITIVE_INFINITY }, undefined],
])('who works on the cluster follows from the lock of a host: %s', (_, state, run) => {
  expect(activeHolder({ generation: 1, counted: 1, busy: false, ...state })?.run).toBe(run)
})

test('a lock with unreadable content counts as free', () => {
  expect(parseLockState('lock.generation x\nlock.holder !!\nlock.heartbeat a\nlock.now b 5')).toEqual({
    generation: 0,
    counted: 0,
    busy: false,
    heartbeatAgeMs: Number.POSITIVE_INFINITY,
  })
})

describe('a lock that several hosts keep', () => {
  const voters = ['cp1', 'cp2', 'cp3']
  const far = (id: string, more: Partial<LockOptions> = {}) => options(id, { holder: elsewhere(id), ...more })
  const holderOn = async (host: string) => (await readLock(host, fakeRun(pool), paths())).holder?.run
  beforeEach(() => {
    pool.localise = (host, script) => script.replaceAll(folder, join(folder, host))
    for (const host of voters) mkdirSync(join(folder, host))
  })

  test('is held on all that answer, with one generation, and freed on all of them', async () => {
    await withLock(['cp2'], fakeRun(pool), far('before'), async () => undefined)
    await withLock(voters, fakeRun(pool), far('run-1'), async () => {
      const states = await Promise.all(voters.map(host => readLock(host, fakeRun(pool), paths())))
      expect(states.map(state => [state.holder?.run, state.generation])).toEqual(voters.map(() => ['run-1', 2]))
    })
    expect(await Promise.all(voters.map(holderOn))).toEqual([undefined, undefined, undefined])
  })

  test('leaves nothing on hosts that are to forget it, whatever other files there stay', async () => {
    const state = (host: string) => join(paths().state.replace(folder, join(folder, host)))
    await withLock(voters, fakeRun(pool), far('before'), async () => undefined)
    await writeFile(join(state('cp2'), 'applied'), 'x')
    const forgetful = () => new Set(['cp1', 'cp2'])
    await withLock(voters, fakeRun(pool), far('run-1', { forgetful }), async () => undefined)
    expect(existsSync(state('cp1'))).toBe(false)
    expect(readdirSync(state('cp2'))).toEqual(['applied'])
    expect(readdirSync(state('cp3'))).toContain('generation')
    // The next lock has a higher generation than any host remembers.
    await withLock(voters, fakeRun(pool), far('run-2'), async ({ run }) => {
      expect(run.writer?.fence.generation).toBe(3)
    })
  })

  test('is had without one of three, and the later run has the higher generation whichever one is off', async () => {
    const generations: number[] = []
    for (const off of voters) {
      pool.unreachable.clear()
      pool.unreachable.add(off)
      await withLock(voters, fakeRun(pool), far(`without-${off}`), async ({ run }) => {
        generations.push(run.writer?.fence.generation ?? 0)
      })
    }
    expect(generations).toEqual([1, 2, 3])
  })

  test('is refused where two of three do not answer, and nothing is left behind', async () => {
    pool.unreachable.add('cp2').add('cp3')
    const error = await withLock(voters, fakeRun(pool), far('run-1'), async () => 1).catch(thrown => thrown)
    expect(error).toBeInstanceOf(UserError)
    expect(error.details).toMatchObject({ expected: '2 of cp1, cp2, cp3', actual: 'cp2: no route\ncp3: no route' })
    expect(error.exitCode).toBe(4)
    expect(await holderOn('cp1')).toBeUndefined()
  })

  test('is never held by two runs that reach different hosts', async () => {
    let inside = 0
    let most = 0
    const work = async () => {
      most = Math.max(most, ++inside)
      await sleep(40)
      inside--
    }
    const blind = (id: string, off: string) => {
      const own = new LocalPool()
      own.localise = pool.localise
      own.unreachable.add(off)
      return withLock(voters, fakeRun(own), far(id, { waitMs: 30_000 }), work)
    }
    await Promise.all([blind('a', 'cp1'), blind('b', 'cp2'), blind('c', 'cp3'), blind('d', 'cp1')])
    expect(most).toBe(1)
  })

  test('survives that one of the hosts which keep it falls silent', async () => {
    const { lost } = await withLock(voters, fakeRun(pool), far('run-1'), async ({ run }) => {
      pool.unreachable.add('cp2')
      await sleep(100)
      await run.writer?.hold()
    })
    expect(lost).toBeUndefined()
  })

  test('is lost as soon as so many of the hosts have given it to another run that no majority is left', async () => {
    const { lost } = await withLock(voters, fakeRun(pool), far('run-1'), async ({ run }) => {
      for (const host of ['cp2', 'cp3'])
        await writeFile(join(folder, host, 'run', 'lock', 'holder'), encodeHolder(elsewhere('thief')))
      await new Promise(resolve => run.abort.addEventListener('abort', resolve))
      await expect(run.writer?.hold()).rejects.toThrow('taken over')
    })
    expect(['cp2', 'cp3']).toContain(lost?.details.where)
  })
})

test('a run of this machine that is gone, and was written by another version of evcctl, is pushed aside at once', async () => {
  const dead = { ...thisController('dead'), pid: 2 ** 22 + 1 }
  const words = Buffer.from(JSON.stringify({ extra: true, ...dead })).toString('base64')
  mkdirSync(join(paths().run, 'lock'), { recursive: true })
  await writeFile(join(paths().run, 'lock', 'holder'), `${words}\n`)
  const [boot, uptime] = [await readFile('/proc/sys/kernel/random/boot_id', 'utf8'), process.hrtime()[0]]
  await writeFile(join(paths().run, 'lock', 'heartbeat'), `${boot.trim()} ${uptime}\n`)
  const run = fakeRun(pool)
  await withLock(['cp'], run, options('run-2'), async () => expect((await read()).holder?.run).toMatch(/^run-2-/))
  expect(run.of('lock:taken')[0]?.from).toContain(`pid ${dead.pid}`)
})

test('what is written while the lock is held carries its generation, and what the lock itself writes does not', async () => {
  await withLock(['cp'], fakeRun(pool), options('run-1', { heartbeatMs: 60_000 }), async ({ run }) => {
    pool.fences.length = 0
    await fenceHosts(['w1'], run)
    expect(pool.fences).toEqual([{ generation: 1, run: expect.stringMatching(/^run-1-/), folder: paths().state }])
  })
  expect(pool.fences.at(-1)).toBeUndefined()
})

test('a host that does not answer when hosts are fenced holds up nobody, and is told to be left out', async () => {
  const outer = fakeRun(pool)
  await withLock(['cp'], outer, options('run-1', { heartbeatMs: 60_000 }), async ({ run }) => {
    const ended: string[] = []
    const hanging: SshPool = {
      exchanges: () => new Map(),
      async [Symbol.asyncDispose]() {},
      async session(host) {
        const session = await pool.session(host)
        if (host !== 'w2') return session
        // This is like a host that ends what an earlier run does there, for which it has a minute.
        const exchange: Session['exchange'] = (_, { signal, onWait }) => {
          onWait?.(60_000)
          signal.addEventListener('abort', () => ended.push(host))
          return new Promise(() => undefined)
        }
        return { host, exchange }
      },
    }
    const patience = { patienceMs: 100, patienceTotalMs: 60_000 }
    const unfenced = await fenceHosts(['w1', 'w2', 'w3'], { ...run, pool: hanging, patience })
    expect([...unfenced]).toEqual([['w2', expect.objectContaining({ kind: 'timed out' })]])
    expect(ended).toEqual(['w2'])
    expect(outer.of('host:failed').map(({ host }) => host)).toEqual(['w2'])
  })
})

test('a run that stood still longer than its lock lasts writes nothing before it has asked who holds it', async () => {
  const { lost } = await withLock(['cp'], fakeRun(pool), options('run-1', { heartbeatMs: 60_000 }), async ({ run }) => {
    await writeFile(join(paths().run, 'lock', 'holder'), encodeHolder(elsewhere('thief')))
    // This is like a process after SIGSTOP or on a laptop that slept: no timer has run yet.
    vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 61_000)
    pool.fences.length = 0
    await expect(fenceHosts(['w1'], run).then(() => run.writer?.hold())).rejects.toThrow('taken over')
    expect(pool.fences.filter(fence => fence !== undefined)).toEqual([])
  })
  vi.restoreAllMocks()
  expect(lost?.details.actual).toContain('laptop-7')
})

test.each([
  ['knows nothing', [], { generation: 0, busy: false }],
  ['have it free', [{ generation: 3 }, { generation: 2 }], { generation: 3, busy: false }],
  ['have it held', [{ generation: 3, holder: elsewhere('a'), heartbeatAgeMs: 0 }], { generation: 3, busy: true }],
  ['still work for a dead run', [{ generation: 3 }, { generation: 3, busy: true }], { generation: 3, busy: true }],
  ['come from another cluster', [{ generation: 3 }, { generation: 900 }], { generation: 900, busy: false }],
  ['claim what cannot be', [{ generation: 3 }, { generation: 9e14 }], { generation: 3, busy: false }],
])('what a run has seen of the lock follows from hosts that %s', (_, states, expected) => {
  const free = { generation: 0, counted: 0, busy: false, heartbeatAgeMs: Number.POSITIVE_INFINITY }
  const locks = new Map(states.map((state, index) => [`h${index}`, { ...free, ...state }]))
  const { holder: _holder, counted: _counted, ...seen } = seenLock(locks, ['h0'])
  expect(seen).toEqual(expected)
})
