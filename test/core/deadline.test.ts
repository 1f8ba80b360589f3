import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Deadline } from '../../src/core/deadline.ts'

afterEach(() => {
  vi.useRealTimers()
})

function blockFor(ms: number): void {
  for (const began = performance.now(); performance.now() - began < ms; );
}

describe('a deadline', () => {
  it('expires when its time is over', async () => {
    vi.useFakeTimers()
    const expire = vi.fn()
    new Deadline(600_000, expire)
    await vi.advanceTimersByTimeAsync(599_999)
    expect(expire).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(100)
    expect(expire).toHaveBeenCalledOnce()
  })

  it('runs on with what was left after it was held, and anew after a restart', async () => {
    vi.useFakeTimers()
    const expire = vi.fn()
    const deadline = new Deadline(3_000, expire)
    await vi.advanceTimersByTimeAsync(2_500)
    deadline.hold()
    await vi.advanceTimersByTimeAsync(60_000)
    deadline.run()
    await vi.advanceTimersByTimeAsync(400)
    expect(expire).not.toHaveBeenCalled()
    deadline.restart(3_000)
    await vi.advanceTimersByTimeAsync(2_900)
    expect(expire).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(200)
    expect(expire).toHaveBeenCalledOnce()
  })

  it('does not count the time in which this process stands still', async () => {
    const expire = vi.fn()
    const deadline = new Deadline(1_500, expire)
    blockFor(3_000)
    await sleep(200)
    expect(expire).not.toHaveBeenCalled()
    await sleep(600)
    expect(expire).toHaveBeenCalledOnce()
    deadline.hold()
  })

  it('looks first at what has arrived when its time is over', async () => {
    const expire = vi.fn()
    const child = spawn('echo', ['here'])
    await new Promise(resolve => child.once('spawn', resolve))
    const deadline = new Deadline(50, expire)
    child.stdout.once('data', () => deadline.hold())
    blockFor(300)
    await sleep(300)
    expect(expire).not.toHaveBeenCalled()
  })
})

describe('a time-out of another machine', () => {
  // These files may use timers directly, because they blame no other machine, or ask it again. The
  // lease of the lock has to go by the clock.
  const byTheClock = [
    'src/cli/run/file-lock.ts',
    'src/cli/terminal/crash.ts',
    'src/core/deadline.ts',
    'src/core/local-file.ts',
    'src/engine/throttle.ts',
    'src/releases/http-get.ts',
    'src/ssh/connection.ts',
    'src/ssh/handshake-turns.ts',
  ]

  it('is a deadline, wherever there is one', () => {
    const root = fileURLToPath(new URL('../..', import.meta.url))
    const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    const found = sources
      .map(path => `src/${path}`)
      .filter(path => path.endsWith('.ts'))
      .filter(path => /\bsetTimeout\(|AbortSignal\.timeout\(/.test(readFileSync(join(root, path), 'utf8')))
    expect(found.sort()).toEqual(byTheClock)
  })
})
