import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Probe, probeTimedOut } from '../../src/core/resource.ts'
import { surveyProbe } from '../../src/core/survey.ts'
import { probe, runLocally, shells } from './local.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evcctl-guard-'))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

function brief(script: string): Probe<string> {
  return { ...probe<string>(script), timeoutMs: 1000 }
}

function gone(pid: string): boolean {
  try {
    process.kill(Number(pid), 0)
    return false
  } catch {
    return true
  }
}

describe.each(shells.map(shell => ({ shell })))('a probe in $shell', ({ shell }) => {
  it('that hangs is ended with all that it began, and the others answer', async () => {
    const pids = join(folder, 'pids')
    const hanging = `(sleep 100 & echo $! >>${pids}; wait) & echo $! >>${pids}; echo begun; trap '' TERM; sleep 100; echo late`
    const probes = [brief('echo before'), brief(hanging), brief('echo after; exit 3')]
    const { results } = await runLocally({ jobs: [], probes }, shell)
    expect(results[0]).toMatchObject({ exitCode: 0, stdout: 'before\n' })
    expect(results[1]).toMatchObject({ exitCode: probeTimedOut, stdout: 'begun\n' })
    expect(results[2]).toMatchObject({ exitCode: 3, stdout: 'after\n' })
    const left = (await readFile(pids, 'utf8')).trim().split('\n')
    expect(left).toHaveLength(2)
    await vi.waitFor(() => expect(left.filter(pid => !gone(pid))).toEqual([]), { timeout: 5000 })
  })

  it('that hangs leaves nothing behind, on a busy host either', async () => {
    const hanging = `(sleep 100 & echo $! >>"${folder}/$$"; wait) & echo $! >>"${folder}/$$"; sleep 100`
    // If a process were left that keeps the output open, none of these would end.
    const runs = Array.from({ length: 20 }, () => runLocally({ jobs: [], probes: [brief(hanging)] }, shell))
    const codes = (await Promise.all(runs)).map(({ results }) => results[0]?.exitCode)
    expect(codes).toEqual(codes.map(() => probeTimedOut))
  })

  it('that asks for more time gets it, and does not hold up the bound of the others', async () => {
    const probes = [{ ...probe('sleep 3.5; echo done'), timeoutMs: 20_000 }, brief('sleep 100'), brief('sleep 100')]
    const { results } = await runLocally({ jobs: [], probes }, shell)
    expect(results.map(({ exitCode }) => exitCode)).toEqual([0, probeTimedOut, probeTimedOut])
  })

  it('that is killed by somebody else, or ends with a number of its own, did not run into its time-out', async () => {
    const probes = [brief('kill -s KILL "$(cut -d " " -f 4 /proc/self/stat)"'), brief('exit 124'), brief('exit 137')]
    const { results } = await runLocally({ jobs: [], probes }, shell)
    expect(results.map(({ exitCode }) => exitCode)).toEqual([137, 124, 137])
  })

  it('of a job is ended too, and the jobs after it go on', async () => {
    const jobs = [
      { steps: [{ run: 'true' }], verify: brief('echo begun; sleep 100') },
      { steps: [{ run: 'true' }], verify: brief('echo fine') },
    ]
    const reply = await runLocally({ jobs, probes: [probe('echo last')] }, shell)
    expect(reply.jobs[0]?.verify).toMatchObject({ exitCode: probeTimedOut, stdout: 'begun\n' })
    expect(reply.jobs[1]?.verify).toMatchObject({ exitCode: 0, stdout: 'fine\n' })
    expect(reply.results[0]).toMatchObject({ exitCode: 0, stdout: 'last\n' })
  })

  it('that shares a survey which hangs has run into its time-out, whatever its own part said', async () => {
    const survey = { name: 'hangs', timeoutMs: 1000, script: () => 'sleep 100\n' }
    const asking = surveyProbe({ asks: [{ survey, subjects: ['a'] }], rest: 'echo rest', parse: raw => raw.stdout })
    const { results } = await runLocally({ jobs: [], probes: [asking, brief('echo other')] }, shell)
    expect(results[0]).toMatchObject({ exitCode: probeTimedOut, stdout: 'rest\n' })
    expect(results[1]).toMatchObject({ exitCode: 0 })
  })

  it('leaves no process behind that watched over it', async () => {
    let group = 0
    await runLocally({ jobs: [], probes: [probe('true')] }, shell, { onBegin: found => (group = found.group) })
    expect(group).toBeGreaterThan(1)
    await vi.waitFor(() => expect(gone(String(-group))).toBe(true), { timeout: 5000 })
  })
})
