import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { LookupProcess } from '../../src/ssh/lookup-process.ts'
import { type AskSystem, Names } from '../../src/ssh/names.ts'
import { startServer } from './server.ts'
import { hostError, output, pool, signal } from './support.ts'

const here = [{ address: '127.0.0.1', family: 4 }]

/** A resolver that knows `good.example`, and for the rest waits so long for name servers that do not answer. */
function resolver(silentMs: number, asked: string[] = []): AskSystem {
  return async name => {
    asked.push(name)
    if (name.startsWith('good')) return here
    await sleep(silentMs, undefined, { ref: false })
    throw Object.assign(new Error(`getaddrinfo EAI_AGAIN ${name}`), { code: 'EAI_AGAIN' })
  }
}

const silence = 'its name could not be looked up: the name servers do not answer'

describe('name servers that do not answer', () => {
  it('fail the hosts whose names they should know, and not one whose name is known, however long it has to wait', async () => {
    await using server = await startServer()
    const dead = Array.from({ length: 6 }, (_, index) =>
      server.target({ name: `dead${index}`, address: `dead${index}.example`, connectTimeoutMs: 1_000 }),
    )
    const good = server.target({ name: 'good', address: 'good.example', connectTimeoutMs: 1_000 })
    await using subject = pool([...dead, good], { names: new Names(resolver(700), 2) })
    const failed = dead.map(({ name }) => hostError(output(subject, 'true', name), 'unreachable'))
    expect(await output(subject, 'echo in', 'good')).toBe('in\n')
    for (const error of await Promise.all(failed)) {
      expect(error.details.problem).toBe(`${silence}, or fail`)
      expect(error.details.actual).toBe(`${error.host}.example: getaddrinfo EAI_AGAIN ${error.host}.example`)
      expect(error.details.next).toMatch(/^getent hosts dead\d\.example/)
    }
  })

  it('keep a name that is known for 2 s at most, and have all of them fail in a stated time, however many there are', async () => {
    const stuck = resolver(60_000)
    const names = new Names(stuck, 2)
    const began = performance.now()
    const dead = Array.from({ length: 40 }, (_, index) => names.find(`dead${index}`, undefined, 500, signal))
    const failed = Promise.allSettled(dead)
    expect(await names.find('good.example', undefined, 500, signal)).toEqual(here)
    expect((await failed).map(({ status }) => status)).toEqual(Array(40).fill('rejected'))
    expect(performance.now() - began).toBeLessThan(2_000 + 500 + 2_000)
  })

  it('do not hold the places of names that come later', async () => {
    const elsewhere: string[] = []
    const names = new Names(resolver(60_000), 1, resolver(0, elsewhere))
    const abort = new AbortController()
    const dead = names.find('dead', undefined, 60_000, abort.signal).catch(() => undefined)
    expect(await names.find('good.example', 4, 500, signal)).toEqual(here)
    expect(elsewhere).toEqual(['good.example'])
    abort.abort()
    await dead
  })

  it('are given up after the connect time-out', async () => {
    await using server = await startServer()
    const target = server.target({ address: 'dead.example', connectTimeoutMs: 100 })
    await using subject = pool(target, { names: new Names(resolver(60_000), 2) })
    const error = await hostError(output(subject, 'true'), 'unreachable')
    expect(error.details).toMatchObject({ problem: silence, actual: 'dead.example: no answer within 0.1 s' })
  })

  it('do not keep hosts that are named by their address', async () => {
    await using server = await startServer()
    const dead = server.target({ name: 'dead', address: 'dead.example' })
    await using subject = pool([dead, server.target()], { names: new Names(resolver(60_000), 1) })
    const abort = new AbortController()
    const session = hostError(subject.session('dead', abort.signal), 'cancelled')
    expect(await output(subject, 'echo in')).toBe('in\n')
    abort.abort()
    await session
  })
})

describe('a process that looks names up', () => {
  it('says what the system says', async () => {
    const process = new LookupProcess()
    const [found, missing] = await Promise.allSettled([
      process.ask('localhost', { all: true, family: 4 }),
      process.ask('no-such-host.invalid', { all: true }),
    ])
    expect(found).toEqual({ status: 'fulfilled', value: here })
    expect(missing).toMatchObject({ status: 'rejected', reason: { code: expect.stringMatching(/^E/) } })
  })

  it('that cannot be started is an error of the names, and of nothing else', async () => {
    const process = new LookupProcess('/nonexistent/node')
    for (let tries = 0; tries < 2; tries++)
      await expect(process.ask('localhost', { all: true })).rejects.toThrow(/nonexistent|started|ended/)
  })

  it('that ends is an error of the names that it was asked for, and another one is started for the next', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'evcctl-lookup-'))
    const node = join(folder, 'node')
    await writeFile(
      node,
      // It ends when it was asked: where it has ended before, the request itself cannot be sent.
      `#!/bin/sh\n[ -e ${folder}/once ] || { : >${folder}/once; head -c 1 <&$NODE_CHANNEL_FD >/dev/null; exit 1; }\nexec ${process.execPath} "$@"\n`,
      { mode: 0o755 },
    )
    const subject = new LookupProcess(node)
    await expect(subject.ask('localhost', { all: true, family: 4 })).rejects.toThrow(/ended/)
    expect(await subject.ask('localhost', { all: true, family: 4 })).toEqual(here)
    await rm(folder, { recursive: true })
  })

  it('does not keep this one from ending', async () => {
    const source = fileURLToPath(new URL('../../src/ssh/lookup-process.ts', import.meta.url))
    const program = `const { LookupProcess } = await import(${JSON.stringify(source)})
const process = new LookupProcess()
const deadline = setTimeout(() => undefined, 10_000)
await process.ask('localhost', { all: true })
clearTimeout(deadline)
console.log('answered')`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
      timeout: 10_000,
    })
    expect(stdout).toBe('answered\n')
  })
})

describe('names', () => {
  it('are looked up once for all hosts that wait for the same one', async () => {
    await using server = await startServer()
    const asked: string[] = []
    const targets = ['a', 'b', 'c'].map(name => server.target({ name, address: 'good.example' }))
    await using subject = pool(targets, { names: new Names(resolver(0, asked), 2) })
    await Promise.all(targets.map(({ name }) => output(subject, 'true', name)))
    expect(asked).toEqual(['good.example'])
  })

  it('that nobody waits for any more are not looked up', async () => {
    const asked: string[] = []
    const names = new Names(resolver(200, asked), 1)
    const abort = new AbortController()
    const all = ['one', 'two', 'three'].map(name => names.find(name, undefined, 60_000, abort.signal))
    const ended = Promise.allSettled(all)
    await expect.poll(() => asked).toEqual(['one'])
    abort.abort()
    expect((await ended).map(({ status }) => status)).toEqual(Array(3).fill('rejected'))
    expect(await names.find('good.example', undefined, 60_000, new AbortController().signal)).toEqual(here)
    expect(asked).toEqual(['one', 'good.example'])
  })
})
