import PQueue from 'p-queue'
import { distributionOf } from '../../../distributions/index.ts'
import type { ClusterSpec } from '../../config/index.ts'
import { type ExitCode, exitCodes, HostError } from '../../core/index.ts'
import { gatherFacts } from '../../engine/index.ts'
import { type HostFacts, hostFacts } from '../../facts/index.ts'
import {
  count,
  createPaint,
  errorTexts,
  formatDuration,
  type Paint,
  printable,
  table,
  wantsColour,
} from '../../report/index.ts'
import { createPool, diagnose, type HostCheck } from '../../ssh/index.ts'
import { type Interrupts, listenForInterrupts } from '../run/interrupts.ts'
import { type OpenCluster, openCluster } from '../run/open-cluster.ts'
import { printJson, printLine } from '../terminal/streams.ts'

export interface PingOptions {
  readonly file: string
  readonly output: 'text' | 'json'
  /** Record host keys that are not known yet. */
  readonly acceptNew: boolean
  readonly parallel: number
}

/** The result of ping for one host. */
export interface PingedHost {
  readonly check: HostCheck
  /** Undefined if the facts of the host could not be read. */
  readonly facts: HostFacts | undefined
}

/** `evcctl ping`: checks each step of the connection to each host, and reads its facts. Exit code 4 if a host cannot be used. */
export async function ping(options: PingOptions): Promise<ExitCode> {
  const { spec, targets } = await openCluster(options.file)
  using interrupts = listenForInterrupts(() => {})
  const pinged = await pingAll({ spec, targets }, options, interrupts)
  if (options.output === 'json') for (const host of pinged) printJson(pingedAsData(host))
  else {
    const paint = createPaint(wantsColour(process.stdout, process.env))
    printLine(pingText(pinged, { spec, paint }))
  }
  return pinged.every(({ check }) => check.ok) ? exitCodes.ok : exitCodes.unreachable
}

async function pingAll(
  { spec, targets }: OpenCluster,
  { acceptNew, parallel }: PingOptions,
  interrupts: Interrupts,
): Promise<readonly PingedHost[]> {
  // Nothing is written, so the first ^C may end the command at once.
  const signal = interrupts.stop
  const queue = new PQueue({ concurrency: parallel })
  try {
    const checks = await Promise.all(
      targets.map(target => queue.add(() => diagnose(target, { signal, acceptNewHostKeys: acceptNew }))),
    )
    const usable = checks.flatMap(check => (check.ok ? [check.host] : []))
    await using pool = createPool(targets)
    const run = { pool, emit: () => {}, stop: signal, abort: signal, parallel }
    // Reads the same facts as plan, so that plan can read each host that passes here.
    const { facts, failed } = await gatherFacts(usable, run, { modules: hostFacts(distributionOf(spec).facts) })
    return checks.map(check => ({ check: withFailure(check, failed.get(check.host)), facts: facts.get(check.host) }))
  } catch (error) {
    if (!signal.aborted) throw error
    throw new HostError('', 'cancelled', { problem: 'Stopped before it was done.' }, { cause: error })
  }
}

// If root works but the facts could not be read, the last step shows the failure.
function withFailure(check: HostCheck, failure: HostError | undefined): HostCheck {
  if (failure === undefined) return check
  const steps = check.steps.map(step =>
    step.name === 'root' ? { name: step.name, result: 'failed' as const, error: failure.details } : step,
  )
  return { ...check, ok: false, steps }
}

/** One line of NDJSON for a host; docs/commands.md documents it. */
function pingedAsData({ check, facts }: PingedHost): object {
  return {
    type: 'ping',
    ...check,
    ...(facts === undefined
      ? {}
      : { os: facts.os.name, architecture: facts.machine, kernel: facts.kernel, clockOffsetMs: facts.clockOffsetMs }),
  }
}

const header = ['HOST', 'REACHABLE', 'HOST KEY', 'LOGIN', 'ROOT', 'OS', 'ARCH', 'CLOCK', 'LATENCY']

/** The table of hosts, then the errors, then what to do next. */
export function pingText(
  pinged: readonly PingedHost[],
  { spec, paint }: { readonly spec: ClusterSpec; readonly paint: Paint },
): string {
  const lines = table([header, ...pinged.map(host => row(host, spec.preflight.maxClockDeviation, paint))])
  const errors = pinged.flatMap(({ check }) => check.steps.flatMap(({ error }) => error ?? []))
  for (const text of errorTexts(errors)) lines.push('', printable(text))
  const good = pinged.filter(({ check }) => check.ok).length
  const verdict = `${good} of ${count(pinged.length, 'host')} can be worked on.`
  // If a host has an error, the error itself says what to do next.
  lines.push('', good === pinged.length ? `${verdict} Next: evcctl plan ${spec.file}` : verdict)
  return lines.join('\n')
}

function row({ check, facts }: PingedHost, maxClockDeviation: number, paint: Paint): string[] {
  const cells = check.steps.map(step => {
    if (step.result === 'not tried') return paint.faint('-')
    if (step.result === 'failed') return paint.bad('✘ failed')
    // The cell also says how evcctl became root, because that shows which settings of sudo matter.
    return paint.good(step.name === 'root' ? `✔ ${check.via ?? ''}`.trim() : '✔')
  })
  if (facts === undefined) return [check.host, ...cells, '-', '-', '-', latency(check)]
  const offset = `${facts.clockOffsetMs < 0 ? '-' : '+'}${formatDuration(Math.abs(facts.clockOffsetMs))}`
  const clock = Math.abs(facts.clockOffsetMs) > maxClockDeviation ? paint.bad(offset) : offset
  return [check.host, ...cells, printable(facts.os.name), printable(facts.machine), clock, latency(check)]
}

function latency({ latencyMs }: HostCheck): string {
  return latencyMs === undefined ? '-' : `${latencyMs} ms`
}
