import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { exchangeFolder } from '../../src/shell/left-over-functions.ts'
import { compileExchange } from '../../src/shell/script.ts'
import { probe, runLocally } from './local.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evcctl-left-'))
})

afterEach(() => rm(folder, { recursive: true }))

function alive(pid: number): boolean {
  return existsSync(`/proc/${pid}`)
}

/** Starts a job behind a process that plays the sshd of a connection. Returns that process, the shell and the step. */
async function startBehind(run: string): Promise<{ connection: ChildProcess; pid: number; step: number }> {
  const script = `echo $$ >${folder}/shell; sh -c 'echo $$ >${folder}/step; ${run}'`
  const request = { jobs: [{ steps: [{ run: script }], verify: probe('true') }], probes: [] }
  const [part] = compileExchange(request, 'abc').parts
  if (part?.kind !== 'shell') throw new Error('not a script')
  const connection = spawn('/bin/sh', ['-c', 'setsid /bin/sh -s <&0; exit'], { stdio: ['pipe', 'ignore', 'ignore'] })
  connection.stdin?.end(part.text(new Set()))
  const read = (name: string): number => Number(readFileSync(join(folder, name), 'utf8'))
  await vi.waitFor(() => expect(read('step')).toBeGreaterThan(0), { timeout: 5000 })
  return { connection, pid: read('shell'), step: read('step') }
}

describe('what a killed run left running', () => {
  // The folder belongs to root. Without root nothing would be tested, so the tests fail then.
  beforeAll(() => {
    if (process.getuid?.() !== 0) throw new Error(`these tests write to ${exchangeFolder}: run them as root`)
  })

  const oneJob = { jobs: [{ steps: [{ run: 'true' }], verify: probe('true') }], probes: [] }

  it('is ended by the next exchange with jobs, but not by one with probes only', async () => {
    const { connection, pid, step } = await startBehind('sleep 300; true')
    connection.kill('SIGKILL')
    await vi.waitFor(() => expect(connection.signalCode).toBe('SIGKILL'))
    await runLocally({ jobs: [], probes: [probe('true')] })
    expect([alive(pid), alive(step)]).toEqual([true, true])
    await runLocally(oneJob)
    await vi.waitFor(() => expect([alive(pid), alive(step)]).toEqual([false, false]), { timeout: 5000 })
    expect(existsSync(`${exchangeFolder}/${pid}`)).toBe(false)
  })

  it('is ended with KILL when it does not listen', async () => {
    const { connection, pid, step } = await startBehind('trap "" TERM; while :; do sleep 0.1; done')
    connection.kill('SIGKILL')
    await vi.waitFor(() => expect(connection.signalCode).toBe('SIGKILL'))
    await runLocally(oneJob)
    await vi.waitFor(() => expect([alive(pid), alive(step)]).toEqual([false, false]), { timeout: 5000 })
  }, 30_000)

  it('is told from an exchange whose connection lives, which is left alone', async () => {
    const { connection, pid, step } = await startBehind('sleep 300; true')
    await runLocally(oneJob)
    expect([alive(pid), alive(step)]).toEqual([true, true])
    expect(existsSync(`${exchangeFolder}/${pid}`)).toBe(true)
    process.kill(step)
    await vi.waitFor(() => expect(connection.exitCode).not.toBeNull(), { timeout: 5000 })
    expect(existsSync(`${exchangeFolder}/${pid}`)).toBe(false)
  })

  it('is forgotten when its process is gone, so that another one with its number is never ended', async () => {
    const { connection, pid, step } = await startBehind('sleep 300; true')
    for (const target of [connection.pid, pid, step]) process.kill(target!, 'SIGKILL')
    await vi.waitFor(() => expect(alive(pid)).toBe(false), { timeout: 5000 })
    expect(existsSync(`${exchangeFolder}/${pid}`)).toBe(true)
    await runLocally(oneJob)
    expect(existsSync(`${exchangeFolder}/${pid}`)).toBe(false)
  })
})
