import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { HostError } from '../../src/core/errors.ts'
import { type Attendance, Company } from '../../src/engine/company.ts'

const patience = { patienceMs: 100, patienceTotalMs: 400 }

/** Work that never ends by itself. It adds to `ended` when it is told to end. */
function hanging({ signal, heard }: Attendance, ended: string[] = []): Promise<string> {
  heard(0)
  signal.addEventListener('abort', () => ended.push('ended'))
  return new Promise(() => undefined)
}

async function dripping({ heard }: Attendance): Promise<string> {
  for (;;) {
    heard(0)
    await sleep(20)
  }
}

async function quick({ heard }: Attendance): Promise<string> {
  heard(0)
  return 'done'
}

async function reasonOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (caught: unknown) => caught,
  )
  if (!(error instanceof HostError)) throw new Error(`no HostError: ${error}`)
  expect(error.kind).toBe('timed out')
  return error.message
}

describe('hosts that are read side by side', () => {
  it('do not wait for one that falls silent, nor for one that drips, and both are told to end', async () => {
    const company = new Company(4, patience)
    const ended: string[] = []
    const silent = reasonOf(company.attend('silent', attendance => hanging(attendance, ended)))
    const slow = reasonOf(company.attend('slow', dripping))
    expect(await Promise.all([company.attend('a', quick), company.attend('b', quick)])).toEqual(['done', 'done'])
    expect(await silent).toMatch(/^silent: it takes much longer than the other hosts.*\n.*0 signs of life in 0\.\d s/)
    expect(ended).toEqual(['ended'])
    expect(await slow).toMatch(/^slow: .*\n.*\d\d signs of life in 0\.[45]/)
  })

  it('wait for months without a timer that ends at once', async () => {
    const timers = vi.spyOn(globalThis, 'setTimeout')
    try {
      const months = 2 ** 40
      const company = new Company(2, { patienceMs: months, patienceTotalMs: months })
      const slow = company.attend('slow', async ({ heard }) => {
        heard(months)
        await sleep(30)
        return 'done'
      })
      expect(await company.attend('a', quick)).toBe('done')
      expect(await slow).toBe('done')
      const waits = timers.mock.calls.map(([, ms = 0]) => ms)
      expect(waits.filter(ms => ms > 2 ** 31 - 1)).toEqual([])
    } finally {
      timers.mockRestore()
    }
  })

  it('wait for what a host may take for what it is doing', async () => {
    const company = new Company(2, { ...patience, patienceTotalMs: 10_000 })
    const long = company.attend('long', async ({ heard }) => {
      heard(5000)
      await sleep(500)
      return 'done at last'
    })
    await company.attend('a', quick)
    expect(await long).toBe('done at last')
  })

  it('do not leave anybody out where most are slow, or one is alone', async () => {
    const company = new Company(3, patience)
    const late = (attendance: Attendance): Promise<string> => {
      attendance.heard(0)
      return sleep(600, 'late')
    }
    const [b, c] = [company.attend('b', late), company.attend('c', late)]
    await company.attend('a', quick)
    expect(await Promise.all([b, c])).toEqual(['late', 'late'])
    expect(await new Company(1, patience).attend('alone', late)).toBe('late')
  })

  it('are not counted before they are connected, which has a bound of its own', async () => {
    const company = new Company(2, patience)
    const connecting = company.attend('b', async ({ heard }) => {
      await sleep(600)
      heard(0)
      return 'done'
    })
    await company.attend('a', quick)
    expect(await connecting).toBe('done')
  })

  it('do not pay for one whose answer keeps this machine busy', async () => {
    const company = new Company(4, patience)
    const healthy = company.attend('healthy', async ({ heard }) => {
      heard(0)
      // Its answer arrives through a pipe, like that of a host.
      const host = spawn('sh', ['-c', 'for one in 1 2 3 4 5 6; do echo $one; sleep 0.05; done'])
      host.stdout.on('data', () => heard(0))
      await new Promise(resolve => host.once('close', resolve))
      return 'done'
    })
    const busy = company.attend('busy', async ({ heard, answered }) => {
      heard(0)
      await sleep(50)
      await answered()
      for (const began = performance.now(); performance.now() - began < 700; );
      return 'done'
    })
    await Promise.all([company.attend('a', quick), company.attend('b', quick)])
    expect(await Promise.all([healthy, busy])).toEqual(['done', 'done'])
  })

  it('are looked at one by one, and others are heard between two of them', async () => {
    const company = new Company(3, patience)
    const order: string[] = []
    const busy = async ({ heard, answered }: Attendance): Promise<void> => {
      heard(0)
      await answered()
      order.push('looked at')
      setImmediate(() => order.push('turn'))
    }
    await Promise.all([company.attend('a', busy), company.attend('b', busy), company.attend('c', busy)])
    expect(order.filter((one, index) => one === 'looked at' && order[index + 1] === one)).toEqual([])
  })
})
