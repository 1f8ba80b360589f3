import type { ExchangeRequest, Fence, Job } from '../core/host.ts'
import type { Step } from '../core/resource.ts'
import { Secret } from '../core/secret.ts'
import * as functions from './functions.ts'
import { quote } from './quote.ts'
import { receiveLine } from './receive.ts'
import { shareRuns } from './share.ts'
import { absolute, octal, quoteText } from './words.ts'

/** Time-out of a `run` step that names none, ms: long enough for a package installation over a slow line. */
export const defaultStepTimeoutMs = 600_000

/** What an exchange is given at least, ms. */
const shortestExchangeMs = 60_000
const probeMs = 2_000
const writeMs = 30_000

/** A script for one `/bin/sh -s`. */
export interface ShellPart {
  readonly kind: 'shell'
  /** The script without the jobs that have failed so far; undefined when that leaves nothing to do. */
  text(failed: ReadonlySet<number>): string | undefined
}

/** A file that travels on a channel of its own, between two scripts. */
export interface PushPart {
  readonly kind: 'push'
  readonly job: number
  readonly step: number
  /** Path on the controller. */
  readonly file: string
  /** True when the job begins with this step. */
  readonly first: boolean
  /** One line of sh that takes the file from stdin, checks it and puts it in place. */
  readonly line: string
}

export type Part = ShellPart | PushPart

/** A request, ready to be carried to a host. */
export interface Script {
  readonly nonce: string
  /** One shell part, unless files are pushed. The last one is a shell part and has the probes. */
  readonly parts: readonly Part[]
  /** How many scripts are run for the probes of the request. */
  readonly runs: number
  /** For each probe of the request, the runs whose output together is its own. */
  readonly answers: readonly (readonly number[])[]
  /** Default upper bound for the whole exchange without pushes, ms (`ExchangeOptions.timeoutMs`). */
  readonly timeoutMs: number
}

interface Line {
  readonly job?: number
  readonly text: string
}

/**
 * Compiles a request to POSIX sh.
 * `nonce` must be random and of letters and digits: it is what tells markers from output.
 * Raises UserError for text that no shell can carry (NUL bytes, lone surrogates) and for paths that are not absolute.
 */
export function compileExchange(request: ExchangeRequest, nonce: string): Script {
  const { scripts, answers } = shareRuns(request.probes)
  const parts: Part[] = []
  const hasJobs = request.jobs.length > 0
  let lines: Line[] = []
  const closePart = (): void => {
    parts.push(shellPart(nonce, lines, hasJobs, request.fence))
    lines = []
  }
  request.jobs.forEach((job, index) => {
    if (job.steps[0] === undefined || !('push' in job.steps[0])) lines.push({ job: index, text: `evcctl_job ${index}` })
    job.steps.forEach((step, number) => {
      if (!('push' in step)) {
        lines.push({ job: index, text: stepLine(step, number) })
        return
      }
      if (lines.length > 0) closePart()
      const line = receiveLine(step, { nonce, job: index, step: number }, request.fence)
      parts.push({ kind: 'push', job: index, step: number, file: step.push, first: number === 0, line })
      lines.push({ job: index, text: `evcctl_resume ${index}` })
    })
    lines.push({ job: index, text: `evcctl_verify ${quoteText(job.verify.script, 'a probe')}` })
  })
  scripts.forEach((text, index) => {
    lines.push({ text: `evcctl_probe ${index} ${quoteText(text, 'a probe')}` })
  })
  closePart()
  return { nonce, parts, runs: scripts.length, answers, timeoutMs: exchangeTimeoutMs(request) }
}

/** The value of a password or passphrase for the SSH connection. Secrets are revealed in this file only. */
export function credential(secret: Secret): string {
  return secret.reveal()
}

function shellPart(nonce: string, lines: readonly Line[], hasJobs: boolean, fence: Fence | undefined): ShellPart {
  return {
    kind: 'shell',
    text(failed) {
      const alive = lines.filter(line => line.job === undefined || !failed.has(line.job))
      if (alive.length === 0 && lines.length > 0) return undefined
      return scriptText(
        nonce,
        alive.map(line => line.text),
        hasJobs && alive.some(line => line.job !== undefined),
        fence,
      )
    },
  }
}

// Inside main() { … } nothing runs before all has arrived: a script that is cut off does not run by half.
function scriptText(nonce: string, lines: readonly string[], hasJobs: boolean, fence: Fence | undefined): string {
  return [
    'main() {',
    functions.environment,
    `evcctl_nonce=${nonce}`,
    functions.markFunction,
    functions.probeFunction,
    ...(hasJobs ? [functions.jobFunctions] : []),
    functions.begin,
    ...(hasJobs ? withJobs(lines, fence) : lines),
    'evcctl_mark end',
    '}',
    'main </dev/null; exit',
    '',
  ].join('\n')
}

function withJobs(lines: readonly string[], fence: Fence | undefined): readonly string[] {
  const inside = [functions.endLeftOver, ...lines]
  return [
    functions.beginJobs(fence?.generation ?? 0),
    ...(fence === undefined ? inside : functions.underFence(fence, inside)),
    functions.endJobs,
  ]
}

function stepLine(step: Exclude<Step, { push: string }>, number: number): string {
  if ('run' in step) {
    const seconds = wholeSeconds(step.timeoutMs ?? defaultStepTimeoutMs)
    const stdin = step.stdin === undefined ? '' : ` ${quoteText(plain(step.stdin), 'the stdin of a step')}`
    return `evcctl_run ${number} ${seconds} ${quoteText(step.run, 'a step')}${stdin}`
  }
  if ('write' in step) {
    const path = quote(absolute(step.write))
    const content = quoteText(plain(step.content), `the content of ${step.write}`)
    return `evcctl_write ${number} ${path} ${octal(step.mode)} ${quote(step.owner ?? '')} ${content}`
  }
  const pause = Math.max(step.everyMs, 10) / 1000
  return `evcctl_until ${number} ${wholeSeconds(step.timeoutMs)} ${pause} ${quoteText(step.until.script, 'a probe')}`
}

function exchangeTimeoutMs(request: ExchangeRequest): number {
  const probes = request.probes.length + request.jobs.length
  return Math.max(shortestExchangeMs, probes * probeMs + sum(request.jobs.map(jobTimeoutMs)))
}

function jobTimeoutMs(job: Job): number {
  return sum(job.steps.map(stepTimeoutMs))
}

function stepTimeoutMs(step: Step): number {
  if ('write' in step) return writeMs
  if ('push' in step) return 0
  // A step that runs into its time-out may take some seconds more to be ended.
  return (step.timeoutMs ?? defaultStepTimeoutMs) + 10_000
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

function plain(text: string | Secret): string {
  return text instanceof Secret ? text.reveal() : text
}

// sleep(1) of POSIX takes whole seconds only.
function wholeSeconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000))
}
