import { setImmediate } from 'node:timers/promises'
import { lockVoters, lockWitnesses, type Operation } from '../../cluster/index.ts'
import type { ClusterSecrets, ClusterSpec } from '../../config/index.ts'
import { type ExitCode, exitCodes, type SshTarget, UserError } from '../../core/index.ts'
import { limits } from '../../core/limits.ts'
import { createEventStream, openJournal, type Patience, type Run } from '../../engine/index.ts'
import {
  createPaint,
  fold,
  jsonReporter,
  newRun,
  type Paint,
  plainReporter,
  type Reporter,
  type RunView,
  report,
  ttyReporter,
  wantsColour,
} from '../../report/index.ts'
import { createPool } from '../../ssh/index.ts'
import { isBehind, passOut, writeOut } from '../terminal/streams.ts'
import { listenForInterrupts } from './interrupts.ts'
import type { OnlyPart } from './only-parts.ts'
import { openClusterWithSecrets, type PlannableCluster } from './open-cluster.ts'
import type { PendingLock } from './pending-lock.ts'

export interface ClusterRunOptions {
  /** The cluster file. */
  readonly file: string
  /** What is planned, or done. */
  readonly operation: Operation
  readonly command: 'plan' | 'apply' | 'check'
  /** The nodes to remove although the file does not have them: these, or all. Default: none. */
  readonly prune?: Prune
  /** The part of the file that is planned or applied. Default: all of it. */
  readonly only?: OnlyPart | undefined
  /** Makes of the file what this command works with, and throws UserError if it cannot. Default: the file as it is. */
  readonly adapt?: (spec: ClusterSpec) => ClusterSpec
  /** Hosts that have to answer although they leave. Default: none. */
  readonly needed?: ReadonlySet<string>
  /** Hosts of the file that are gone for good: that they do not answer is no failure. Default: none. */
  readonly gone?: ReadonlySet<string>
  /** The cluster file as it was opened before. Default: it is opened, which may ask for secrets. */
  readonly opened?: PlannableCluster
  readonly output: 'text' | 'json'
  readonly parallel: number
  readonly version: string
}

/** Nodes that are removed although the file does not have them: those with these names, or all. */
export type Prune = 'all' | readonly string[]

/** A run of plan or apply, with everything that the command works with. */
export interface ClusterRun {
  readonly spec: ClusterSpec
  /** The hosts that keep the run lock by the file as it is written, whatever the command makes of it. */
  readonly voters: readonly string[]
  /** See lockWitnesses(). */
  readonly witnesses: readonly string[]
  readonly secrets: ClusterSecrets
  /** The cluster file and the files that it names: their content by absolute path. */
  readonly files: ReadonlyMap<string, string>
  /** What is planned, or done. */
  readonly operation: Operation
  /** What apply records in the lock file of the cluster before it writes to hosts; undefined: nothing. */
  readonly lock: PendingLock | undefined
  /** See ClusterRunOptions. */
  readonly prune: Prune | undefined
  /** See ClusterRunOptions. */
  readonly only: OnlyPart | undefined
  /** See ClusterRunOptions. */
  readonly needed: ReadonlySet<string>
  /** See ClusterRunOptions. */
  readonly gone: ReadonlySet<string>
  readonly run: Run
  /** The name of the run, which its journal also has. */
  readonly id: string
  /** Undefined where there is no journal. */
  readonly journalFolder: string | undefined
  /** The state of the run, built from its events so far. */
  readonly view: RunView
  readonly paint: Paint
  /** The number of exchanges with all hosts so far. */
  exchanges(): number
  /** Prints something that stays on the screen. The live view is hidden meanwhile. */
  aside<T>(work: () => T | Promise<T>): Promise<T>
}

/** Opens the cluster file, the journal, the reporter and the connections, does the work, and closes them all again. */
export async function withClusterRun(
  options: ClusterRunOptions,
  work: (cluster: ClusterRun) => Promise<ExitCode>,
): Promise<ExitCode> {
  const { file, operation, command, version, parallel } = options
  const { targets, secrets, files, lock, ...opened } = options.opened ?? (await openClusterWithSecrets(file))
  const spec = options.adapt?.(opened.spec) ?? opened.spec
  const journal = await openJournal({ cluster: spec.name, command, version, file })
  const view = newRun()
  const stream = createEventStream(
    { name: 'The journal of this run', take: event => journal.write(event) },
    { name: 'The summary of this run', take: event => fold(view, event) },
  )
  const paint = createPaint(wantsColour(process.stdout, process.env))
  const reporter = reporterFor(options)
  const reported = report(stream.events(), reporter)
  // The error is reported at the end, where the promise is awaited. Until then an unhandled rejection would end the process.
  reported.catch(() => {})
  let outcome = 'failed'
  try {
    using interrupts = listenForInterrupts(how => stream.emit({ type: 'run:stopping', how }))
    await using pool = createPool(targets, {
      onConnected: (host, ms) => stream.emit({ type: 'host:connected', host, ms }),
    })
    const hosts = [...spec.hosts, ...spec.leaving].map(host => host.name)
    stream.emit({ type: 'run:start', run: journal.run, command, cluster: spec.name, hosts })
    if (journal.missing !== undefined)
      stream.emit({ type: 'note', text: `There is no journal of this run: ${journal.missing}` })
    for (const text of [...spec.notes, ...(lock?.notes() ?? [])]) stream.emit({ type: 'note', text })
    const { stop, abort } = interrupts
    const exitCode = await work({
      spec,
      voters: lockVoters(opened.spec),
      witnesses: lockWitnesses(opened.spec),
      secrets,
      files,
      operation,
      lock,
      prune: options.prune,
      only: options.only,
      needed: options.needed ?? new Set(),
      gone: options.gone ?? new Set(),
      run: { pool, emit: stream.emit, stop, abort, parallel, patience: patienceWith(targets) },
      id: journal.run,
      journalFolder: journal.folder,
      view,
      paint,
      exchanges: () =>
        pool
          .exchanges()
          .values()
          .reduce((sum, one) => sum + one, 0),
      async aside(print) {
        // The reporter reads events with a small delay, so it gets the time to show those that were emitted before.
        await setImmediate()
        reporter.pause()
        try {
          return await print()
        } finally {
          reporter.resume()
        }
      },
    })
    outcome = outcomeOf(exitCode)
    return exitCode
  } catch (error) {
    if (error instanceof UserError) outcome = outcomeOf(error.exitCode)
    throw error
  } finally {
    stream.end()
    try {
      await reported
    } finally {
      await journal.close(outcome)
    }
  }
}

// If the user gives a slow machine more time to connect, the run waits at least that long for it.
function patienceWith(targets: readonly SshTarget[]): Patience {
  const longest = Math.max(0, ...targets.map(({ connectTimeoutMs }) => connectTimeoutMs))
  return { ...limits, patienceTotalMs: Math.max(limits.patienceTotalMs, longest) }
}

// apply shows its progress on standard output. plan shows it on standard error, so that the plan itself can be redirected
// into a file.
function reporterFor({ command, output }: ClusterRunOptions): Reporter {
  if (output === 'json') return jsonReporter(passOut, isBehind)
  const stream = command === 'apply' ? process.stdout : process.stderr
  if (stream.isTTY && process.env.TERM !== 'dumb') {
    return ttyReporter(stream, { paint: createPaint(wantsColour(stream, process.env)) })
  }
  return command === 'apply' ? plainReporter(writeOut, { isBehind }) : silent
}

const silent: Reporter = { show() {}, pause() {}, resume() {}, end() {} }

function outcomeOf(exitCode: ExitCode): string {
  const names = Object.entries(exitCodes) as [string, ExitCode][]
  return names.find(([, code]) => code === exitCode)?.[0] ?? 'failed'
}
