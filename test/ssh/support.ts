import { expect, vi } from 'vitest'
import { HostError, type HostErrorKind } from '../../src/core/errors.ts'
import type { ExchangeReply, ExchangeRequest, Job } from '../../src/core/host.ts'
import type { Probe, Step } from '../../src/core/resource.ts'
import type { SshTarget } from '../../src/core/ssh-target.ts'
import { createPool, type Pool, type PoolOptions } from '../../src/ssh/index.ts'

/** A signal that is never aborted. */
export const signal: AbortSignal = new AbortController().signal

export function probe<T = string>(script: string): Probe<T> {
  return { script, parse: raw => raw.stdout as T }
}

export function job(...steps: Step[]): Job {
  return { steps, verify: probe('echo verified') }
}

/** A pool that knows nothing of the ~/.ssh/config of whoever runs the tests. */
export function pool(targets: SshTarget | readonly SshTarget[], options: PoolOptions = {}): Pool {
  return createPool([targets].flat(), { sshConfigFile: '/nonexistent', ...options })
}

export async function exchange(
  pool: Pool,
  request: Partial<ExchangeRequest>,
  options: {
    host?: string
    signal?: AbortSignal
    timeoutMs?: number
    onOutput?: (job: number, line: string) => void
  } = {},
): Promise<ExchangeReply> {
  const session = await pool.session(options.host ?? 'w1', options.signal ?? signal)
  return session.exchange({ jobs: [], probes: [], ...request }, { ...options, signal: options.signal ?? signal })
}

/** What one probe prints. */
export async function output(pool: Pool, script: string, host = 'w1'): Promise<string | undefined> {
  return (await exchange(pool, { probes: [probe(script)] }, { host })).results[0]?.stdout
}

/** The HostError that some work rejects with. */
export async function hostError(work: Promise<unknown>, kind: HostErrorKind): Promise<HostError> {
  const error = await work.then(
    () => undefined,
    (caught: unknown) => caught,
  )
  expect(error).toBeInstanceOf(HostError)
  expect((error as HostError).kind).toBe(kind)
  return error as HostError
}

export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Waits until processes (negative: process groups) are gone, also from the list of zombies. */
export async function expectGone(...pids: readonly number[]): Promise<void> {
  await vi.waitFor(() => expect(pids.filter(alive)).toEqual([]), { timeout: 10_000 })
}
