import type { ExchangeRequest, Job } from '../core/host.ts'
import { limits } from '../core/limits.ts'
import type { Step } from '../core/resource.ts'
import type { SharedRun } from './share.ts'

/** Time-out of a `run` step that names none, ms: long enough for a package installation over a slow line. */
export const defaultStepTimeoutMs = 600_000

/** The shortest default time-out of an exchange, ms. */
const shortestExchangeMs = 60_000
const averageProbeMs = 2_000
// Ending a step that runs into its time-out may take some seconds more.
const endingMs = 10_000

/** How long the host may take from one marker to the next, ms. */
export interface Bounds {
  /** Until the first marker. */
  readonly rootMs: number
  /** Until the first step: the host ends what an earlier run left. */
  readonly beginMs: number
  /** For each job, each of its steps. */
  readonly steps: readonly (readonly number[])[]
  /** For each job, its own probe. */
  readonly verify: readonly number[]
  /** For each script of the probes, in the order in which they run. */
  readonly runs: readonly number[]
}

/** The bounds of some jobs, and of runs in the order in which they run. */
export function boundsOf(jobs: readonly Job[], runs: readonly SharedRun[]): Bounds {
  return {
    rootMs: limits.rootMs,
    beginMs: limits.beginMs,
    steps: jobs.map(({ steps }) => steps.map(stepBoundMs)),
    verify: jobs.map(verifyBoundMs),
    runs: runs.map(({ timeoutMs }) => timeoutMs),
  }
}

/**
 * Upper bound of a whole exchange without the transfer of pushed files, ms: the time-outs of its jobs, and what its probes
 * usually take.
 */
export function exchangeTimeoutMs({ jobs, probes }: ExchangeRequest): number {
  return Math.max(shortestExchangeMs, probes.length * averageProbeMs + sum(jobs.map(jobBoundMs)))
}

function jobBoundMs(job: Job): number {
  return sum(job.steps.map(step => stepBoundMs(step) + endingMs)) + verifyBoundMs(job)
}

function verifyBoundMs({ verify }: Job): number {
  return verify.timeoutMs ?? limits.probeMs
}

function stepBoundMs(step: Step): number {
  if ('write' in step) return limits.writeMs
  // The transfer has bounds of its own. This is the time for checking the file and putting it in place.
  if ('push' in step) return limits.pushMs
  return step.timeoutMs ?? defaultStepTimeoutMs
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
