import { posix } from 'node:path'
import type { ExchangeRequest, Fence, Job } from '../core/host.ts'
import { limits, usualProbeBytes } from '../core/limits.ts'
import type { Step } from '../core/resource.ts'
import { Secret } from '../core/secret.ts'
import { type Bounds, boundsOf, defaultStepTimeoutMs, exchangeTimeoutMs } from './bounds.ts'
import { environment } from './environment.ts'
import { underFence } from './fence-functions.ts'
import { beginJobs, endJobs, endLeftOver } from './left-over-functions.ts'
import { begin, markFunction } from './marker-functions.ts'
import { quote, quoteAll } from './quote.ts'
import { receiveLine } from './receive.ts'
import { jobFunctions, probeFunctions } from './request-functions.ts'
import { type SharedRun, shareRuns } from './share.ts'
import { absolute, octal, quoteText } from './words.ts'

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
  /** How much each script that is run for the probes of the request may print on a stream, bytes. */
  readonly runs: readonly number[]
  /** The runs in the order in which they run. */
  readonly order: readonly number[]
  /** How much each job's own probe may print on a stream, bytes. */
  readonly verify: readonly number[]
  /** For each probe of the request, the runs whose output together is its own. */
  readonly answers: readonly (readonly number[])[]
  /** How long the host may take from one marker to the next. */
  readonly bounds: Bounds
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
  const { runs, answers } = shareRuns(request.probes)
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
    const seconds = wholeSeconds(job.verify.timeoutMs ?? limits.probeMs)
    for (const text of settleLines(job)) lines.push({ job: index, text })
    lines.push({ job: index, text: `evcctl_verify ${seconds} ${quoteText(job.verify.script, 'a probe')}` })
  })
  // Scripts that ask for more time run last.
  const order = [...runs.keys()].sort((a, b) => runs[a]!.timeoutMs - runs[b]!.timeoutMs)
  lines.push(...probeLines(runs, order).map(text => ({ text })))
  closePart()
  const bounds = boundsOf(
    request.jobs,
    order.map(run => runs[run]!),
  )
  return {
    nonce,
    parts,
    runs: runs.map(({ maxBytes }) => maxBytes),
    order,
    verify: request.jobs.map(({ verify }) => verify.maxBytes ?? usualProbeBytes),
    answers,
    bounds,
    timeoutMs: exchangeTimeoutMs(request),
  }
}

// One guard watches over all probes that may take equally long.
function probeLines(scripts: readonly SharedRun[], order: readonly number[]): readonly string[] {
  if (order.length === 0) return []
  let guarded = 0
  const lines = order.flatMap(run => {
    const { script, timeoutMs } = scripts[run]!
    const seconds = wholeSeconds(timeoutMs)
    const guard = seconds === guarded ? [] : [`evcctl_guard ${seconds}`]
    guarded = seconds
    return [...guard, `evcctl_probe ${run} ${quoteText(script, 'a probe')}`]
  })
  return [...lines, 'evcctl_unguard']
}

/** The value of a password for the SSH connection, or for a proxy of this machine. Secrets are revealed in this file only. */
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

// Inside main() { … } nothing runs before the whole script has arrived, so that a script that is cut off never runs in part.
function scriptText(nonce: string, lines: readonly string[], hasJobs: boolean, fence: Fence | undefined): string {
  return [
    'main() {',
    environment,
    `evcctl_nonce=${nonce}`,
    markFunction,
    probeFunctions,
    ...(hasJobs ? [jobFunctions] : []),
    begin,
    ...(hasJobs ? withJobs(lines, fence) : lines),
    'evcctl_mark end',
    '}',
    'main </dev/null; exit',
    '',
  ].join('\n')
}

function withJobs(lines: readonly string[], fence: Fence | undefined): readonly string[] {
  const inside = [endLeftOver, ...lines]
  return [beginJobs(fence?.generation ?? 0), ...(fence === undefined ? inside : underFence(fence, inside)), endJobs]
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

// `run` steps sync the files that they write themselves.
function settleLines({ steps }: Job): readonly string[] {
  const paths = steps.flatMap(step => ('write' in step ? step.write : 'push' in step ? step.to : []))
  const folders = new Set(paths.map(path => posix.dirname(path)))
  return folders.size === 0 ? [] : [`evcctl_settle ${quoteAll([...folders])}`]
}

function plain(text: string | Secret): string {
  return text instanceof Secret ? text.reveal() : text
}

// sleep(1) of POSIX takes whole seconds only.
function wholeSeconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000))
}
