import PQueue from 'p-queue'
import type { ClusterSpec, HostSpec } from '../../config/index.ts'
import { nearest } from '../../config/nearest.ts'
import { type ExitCode, exitCodes, HostError, UserError } from '../../core/index.ts'
import { quoteAll } from '../../shell/quote.ts'
import { createPool, type Pool } from '../../ssh/index.ts'
import { type Interrupts, listenForInterrupts } from '../run/interrupts.ts'
import { openCluster } from '../run/open-cluster.ts'
import { type Outcome, type Show, showAsJson, showAsText, showOutcomes } from '../terminal/exec-output.ts'
import { LineSplitter } from '../terminal/line-splitter.ts'
import { backlog, printJson, stdoutClosed, writeError } from '../terminal/streams.ts'

export interface ExecOptions {
  readonly file: string
  readonly output: 'text' | 'json'
  /** Names of the hosts. Empty means all hosts. `role` narrows either choice. */
  readonly hosts: readonly string[]
  readonly role?: HostSpec['roles'][number] | undefined
  readonly sudo: boolean
  readonly parallel: number
  /** One word is a shell command line. Several words are a command and its arguments. */
  readonly command: readonly string[]
}

/** `evcctl exec`: runs a command on many hosts at once. The exit code reports a failure if any host fails. */
export async function exec(options: ExecOptions): Promise<ExitCode> {
  const command = commandText(options.command)
  const { spec, targets } = await openCluster(options.file)
  const hosts = chooseHosts(spec, options)
  await using pool = createPool(targets)
  using interrupts = listenForInterrupts(how => {
    const text =
      how === 'now'
        ? 'Stopping now: killing what runs.'
        : 'Stopping: no further host is begun. ^C again kills what runs.'
    if (options.output === 'text') writeError(`${text}\n`)
  })
  const show = options.output === 'json' ? showAsJson : showAsText(hosts)
  const queue = new PQueue({ concurrency: options.parallel })
  const outcomes = await Promise.all(
    hosts.map(host => runOn(host, { pool, queue, command, sudo: options.sudo, interrupts, show })),
  )
  if (options.output === 'json') for (const outcome of outcomes) printJson({ type: 'exec:end', ...outcome })
  else showOutcomes(outcomes, hosts.length)
  return exitCodeOf(outcomes, interrupts)
}

interface ExecRun {
  readonly pool: Pool
  /** Limits how many commands run at once. A host enters it only once connected, so a host that is off delays no other. */
  readonly queue: PQueue
  readonly command: string
  readonly sudo: boolean
  readonly interrupts: Interrupts
  readonly show: Show
}

async function runOn(host: string, { pool, queue, command, sudo, interrupts, show }: ExecRun): Promise<Outcome> {
  let began = performance.now()
  const ms = () => Math.round(performance.now() - began)
  if (interrupts.stop.aborted) return { host, cancelled: true, ms: 0 }
  const out = new LineSplitter(line => show(host, 'stdout', line))
  const err = new LineSplitter(line => show(host, 'stderr', line))
  try {
    // When nobody reads the output any more, the command is ended.
    const signal = AbortSignal.any([interrupts.abort, stdoutClosed])
    await pool.session(host, signal)
    const waiting = performance.now()
    return await queue.add(async () => {
      began += performance.now() - waiting
      if (interrupts.stop.aborted) return { host, cancelled: true, ms: ms() }
      const { exitCode } = await pool.run(host, {
        command,
        sudo,
        signal,
        onStdout: chunk => out.push(chunk),
        onStderr: chunk => err.push(chunk),
        backlog,
      })
      return { host, exitCode, ms: ms() }
    })
  } catch (error) {
    if (!(error instanceof HostError)) throw error
    if (error.kind === 'cancelled') return { host, cancelled: true, ms: ms() }
    return { host, error: error.details, ms: ms() }
  } finally {
    out.end()
    err.end()
  }
}

function commandText(words: readonly string[]): string {
  if (words.length === 1) return words[0]!
  if (words.length > 1) return quoteAll(words)
  throw new UserError(
    { problem: 'There is no command to run.', next: 'It comes after two dashes: evcctl exec -- uptime' },
    { exitCode: exitCodes.badInput },
  )
}

function chooseHosts(spec: ClusterSpec, { hosts, role }: ExecOptions): readonly string[] {
  const all = [...spec.hosts, ...spec.leaving]
  const names = all.map(host => host.name)
  const unknown = hosts.find(host => !names.includes(host))
  if (unknown !== undefined) {
    const near = nearest(unknown, names)
    const next = near === undefined ? `Its hosts: ${names.join(', ')}` : `Did you mean "${near}"?`
    throw new UserError(
      { where: '--host', problem: `There is no host "${unknown}" in ${spec.file}.`, next },
      { exitCode: exitCodes.badInput },
    )
  }
  // A host that leaves the cluster has to be named.
  const chosen = (hosts.length === 0 ? spec.hosts : all.filter(host => hosts.includes(host.name))).filter(
    host => role === undefined || host.roles.includes(role),
  )
  if (chosen.length > 0) return chosen.map(host => host.name)
  throw new UserError(
    { where: '--role', problem: `No host of ${spec.file} is meant by this.` },
    { exitCode: exitCodes.badInput },
  )
}

function exitCodeOf(outcomes: readonly Outcome[], interrupts: Interrupts): ExitCode {
  if (interrupts.stop.aborted) return exitCodes.cancelled
  if (outcomes.some(({ exitCode }) => exitCode !== undefined && exitCode !== 0)) return exitCodes.failed
  return outcomes.some(({ error }) => error !== undefined) ? exitCodes.unreachable : exitCodes.ok
}
