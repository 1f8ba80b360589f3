import { homedir } from 'node:os'
import type { Operation } from '../../cluster/index.ts'
import type { ClusterSpec } from '../../config/index.ts'
import { type ExitCode, exitCodes, type HostError, type Summary, type TaskId, UserError } from '../../core/index.ts'
import {
  type ApplyResult,
  apply as applyChanges,
  type Evaluation,
  fenceHosts,
  type HeldLock,
  recordApplied,
  withLock,
} from '../../engine/index.ts'
import { count, renderClosing } from '../../report/index.ts'
import { applyCommand } from '../run/apply-command.ts'
import { clearedHosts, withoutHosts } from '../run/cleared-hosts.ts'
import { type ClusterRun, type Prune, withClusterRun } from '../run/cluster-run.ts'
import { type ClusterEvaluation, evaluateCluster, exitCodeOf } from '../run/evaluate-cluster.ts'
import type { OnlyPart } from '../run/only-parts.ts'
import type { PlannableCluster } from '../run/open-cluster.ts'
import { tellResumed } from '../run/resume.ts'
import { anythingToDo, cannotBeApplied, showPlan } from '../run/show-plan.ts'
import type { GivenPlan } from '../run/what-to-apply.ts'
import { refuseMovedFiles, refuseMovedHosts } from '../saved-plan/planned.ts'
import { canAsk, confirm } from '../terminal/ask.ts'
import { printLine } from '../terminal/streams.ts'
import { version } from '../version.ts'

export interface ApplyActionOptions {
  readonly file: string
  readonly operation: Operation
  readonly output: 'text' | 'json'
  readonly diff: boolean
  readonly parallel: number
  /** See ClusterRunOptions. */
  readonly prune?: Prune
  /** See ClusterRunOptions. */
  readonly only?: OnlyPart | undefined
  /** See ClusterRunOptions. */
  readonly needed?: ReadonlySet<string>
  /** See ClusterRunOptions. */
  readonly gone?: ReadonlySet<string>
  /** See ClusterRunOptions. */
  readonly opened?: PlannableCluster
  /** See ClusterRunOptions. */
  readonly adapt?: (spec: ClusterSpec) => ClusterSpec
  /** Apply without asking. */
  readonly yes: boolean
  /** A saved plan: it is done as it is, or not at all. */
  readonly plan?: GivenPlan
  /** Say first what is left of the last apply, if it was cut off. Default: false. */
  readonly resume?: boolean
  /** Reads the hosts and evaluates the operation; default evaluateCluster(). */
  readonly evaluate?: typeof evaluateCluster
  /** Asks whether to apply what the plan shows; default: a question for yes or no. */
  readonly ask?: (cluster: ClusterRun, signal: AbortSignal) => Promise<boolean>
  /** Whether hosts keep what was verified there, for `evcctl check`. Default: true. */
  readonly record?: boolean
  /** Whether the operation is about a part of what evcctl makes on the hosts: what is on record of the rest stays. Default: false. */
  readonly isPart?: boolean
  /** Hosts on which nothing of evcctl is to be left: they keep no record of what was applied, nor of the lock. Default: none. */
  readonly forgetful?: ReadonlySet<string>
  /** The command line that does this, for messages; default `evcctl apply FILE`. */
  readonly again?: string
  /** See ShowPlanOptions. */
  readonly nothing?: string
  /** The flag that applies it without a question, for messages; default `--yes`. */
  readonly yesFlag?: string
  /** The command to run next after success; default one that fetches a kubeconfig. */
  readonly next?: string
}

/** `evcctl apply`: evaluates, shows the plan, asks, and converges what differs while it holds the cluster's lock. */
export async function apply(options: ApplyActionOptions): Promise<ExitCode> {
  if (!options.yes && (options.output === 'json' || !canAsk())) throw nobodyToAsk(options)
  return withClusterRun({ ...options, command: 'apply', version: version() }, async cluster => {
    const { output, diff, plan } = options
    if (plan !== undefined) refuseMovedFiles(plan, cluster)
    const evaluated = await (options.evaluate ?? evaluateCluster)(cluster)
    if (plan !== undefined) refuseMovedHosts(plan, cluster, evaluated.evaluation)
    if (options.resume === true) await tellResumed(cluster, evaluated.evaluation, output)
    const changes = await showPlan(cluster, evaluated, { output, diff, apart: isLog(), ...saying(options) })
    if (evaluated.evaluation.refused.size > 0) {
      if (output === 'text') await cluster.aside(() => printLine(`\n${cannotBeApplied}`))
      end(cluster, nothingDone(evaluated.evaluation), [])
      return exitCodes.failed
    }
    if (!changes) {
      await recordLock(cluster)
      end(cluster, nothingDone(evaluated.evaluation), [])
      return exitCodeOf(evaluated.evaluation)
    }
    if (!options.yes && !(await ask(cluster, evaluated.evaluation, options, cluster.run.stop))) {
      await cluster.aside(() => printLine('Nothing was written.'))
      return exitCodes.ok
    }
    return converge(cluster, evaluated, options)
  })
}

async function converge(
  cluster: ClusterRun,
  evaluated: ClusterEvaluation,
  options: ApplyActionOptions,
): Promise<ExitCode> {
  let cleared: ReadonlySet<string> = new Set()
  const work = async ({ outdated, unquiet, run }: HeldLock): Promise<ApplyResult> => {
    const again = outdated || unquiet
    const { evaluation, records, whole } = again ? await evaluateFenced(cluster, options, run) : evaluated
    for (const [host, tasks] of changingByHost(evaluation)) run.emit({ type: 'host:planned', host, tasks })
    run.emit({ type: 'apply:start' })
    const result = await applyChanges(evaluation, run)
    const { forgetful } = options
    if (forgetful !== undefined) cleared = clearedHosts(forgetful, evaluation, result)
    const recording = { records, version: version(), id: cluster.id, isPart: options.isPart === true }
    const kept = forgetful === undefined ? whole : withoutHosts(whole, forgetful)
    if (options.record !== false) await recordApplied(kept, result, run, recording)
    // Hosts whose facts could not be read have no task in the graph, but they count as failed too.
    return { ...result, failedHosts: new Map([...evaluation.unreachable, ...result.failedHosts]) }
  }
  await recordLock(cluster)
  const { voters, witnesses, seen } = evaluated
  const locking = { id: cluster.id, witnesses, seen, forgetful: () => cleared }
  const { result, lost } = await withLock(voters, cluster.run, locking, work)
  end(cluster, result.summary, [...result.failedHosts.keys()])
  if (options.output === 'text')
    await cluster.aside(() => printLine(`${isLog() ? '\n' : ''}${closing(cluster, options)}`))
  if (lost !== undefined && !cluster.run.stop.aborted) throw lost
  if (lost !== undefined) throw new UserError(lost.details, { cause: lost, exitCode: exitCodes.cancelled })
  return exitCodeFor(cluster, result)
}

// What was looked up is recorded first: a host then never has a version that the next run would look up again.
async function recordLock({ lock, run }: ClusterRun): Promise<void> {
  if (lock === undefined) return
  await lock.record()
  run.emit({ type: 'note', text: lock.summary })
}

// An earlier run may have left commands running, even one that has released the lock. They end before the hosts are read.
async function evaluateFenced(
  cluster: ClusterRun,
  options: ApplyActionOptions,
  run: HeldLock['run'],
): Promise<ClusterEvaluation> {
  const hosts = [...cluster.spec.hosts, ...cluster.spec.leaving].map(({ name }) => name)
  const unfenced = await fenceHosts(hosts, run)
  if (run.writer?.lost !== undefined) throw run.writer.lost
  return evaluateAgain(cluster, options, run.stop, unfenced)
}

// Another run may have applied something between the plan and the lock, so the plan shown may be out of date.
async function evaluateAgain(
  cluster: ClusterRun,
  options: ApplyActionOptions,
  stop: AbortSignal,
  unfenced: ReadonlyMap<string, HostError>,
): Promise<ClusterEvaluation> {
  cluster.run.emit({
    type: 'note',
    text: 'Another run may have changed the cluster since the plan was made; reading it again.',
  })
  // This run holds the lock now, so a lock holder in the answer would be this run itself.
  const { lockedBy: _, ...again } = await (options.evaluate ?? evaluateCluster)(cluster, unfenced)
  if (options.plan !== undefined) refuseMovedHosts(options.plan, cluster, again.evaluation)
  const { output, diff } = options
  await showPlan(cluster, again, { output, diff, apart: isLog(), ...saying(options) })
  // Without a question where a task refuses: then nothing is written, and the run ends with the reasons.
  const mayWrite = again.evaluation.refused.size === 0 && anythingToDo(again.evaluation)
  if (mayWrite && !options.yes && !(await ask(cluster, again.evaluation, options, stop))) {
    throw new UserError({ problem: 'Nothing was written.' }, { exitCode: exitCodes.cancelled })
  }
  return again
}

function saying({ nothing }: ApplyActionOptions) {
  return nothing === undefined ? {} : { nothing }
}

// Without a terminal, progress is a log of lines: empty lines make the plan and the closing text easy to find.
function isLog(): boolean {
  return process.stdout.isTTY !== true
}

// A question that nobody answers ends with the run: on a signal, or when the run loses its lock.
function ask(
  cluster: ClusterRun,
  evaluation: Evaluation,
  options: ApplyActionOptions,
  signal: AbortSignal,
): Promise<boolean> {
  if (options.ask !== undefined) return options.ask(cluster, signal)
  const hosts = changingByHost(evaluation).size
  return cluster.aside(() => confirm(`\nApply these changes to ${count(hosts, 'host')}?`, { signal }))
}

function changingByHost({ graph, plan }: Evaluation): ReadonlyMap<string, readonly TaskId[]> {
  const changing = [...plan.verdicts].flatMap(([id, { is }]) => (is === 'in desired state' ? [] : [id]))
  return Map.groupBy(changing, id => graph.tasks.get(id)!.host)
}

function end({ run, view }: ClusterRun, summary: Summary, failedHosts: readonly string[]): void {
  run.emit({ type: 'run:end', summary, ms: Date.now() - (view.applyingSince ?? view.startedAt), failedHosts })
}

function nothingDone({ plan }: Evaluation): Summary {
  return { changed: 0, failed: 0, skipped: 0, cancelled: 0, inDesiredState: plan.verdicts.size }
}

function closing({ spec, view, paint, prune, only, journalFolder }: ClusterRun, options: ApplyActionOptions): string {
  const { file } = options
  const home = homedir()
  const journal = journalFolder?.startsWith(`${home}/`) ? `~${journalFolder.slice(home.length)}` : journalFolder
  const named = file === 'cluster.yaml' ? '' : ` ${file}`
  const next = options.next ?? `evcctl kubeconfig${named} --merge && kubectl get nodes`
  return renderClosing(view, {
    paint,
    hosts: [...spec.hosts, ...spec.leaving],
    ...(journal === undefined ? {} : { journal }),
    next,
    again: options.again ?? applyCommand({ file, prune, only }),
  })
}

function exitCodeFor({ run }: ClusterRun, { summary, ends, failedHosts }: ApplyResult): ExitCode {
  if (run.stop.aborted) return exitCodes.cancelled
  const ownFailures = [...ends].filter(([id, one]) => one.result === 'failed' && !failedHosts.has(id.split('/')[0]!))
  if (ownFailures.length > 0) return exitCodes.failed
  const answered = [...failedHosts.values()].some(({ kind }) => kind === 'unfit' || kind === 'fenced')
  if (failedHosts.size > 0) return answered ? exitCodes.failed : exitCodes.unreachable
  return summary.failed + summary.skipped > 0 ? exitCodes.failed : exitCodes.ok
}

function nobodyToAsk(options: ApplyActionOptions): UserError {
  const { file, plan, output, prune, only, again } = options
  const own = again ?? (plan === undefined ? undefined : `evcctl apply ${plan.path}`)
  const command = own ?? applyCommand({ file, prune, only })
  const look =
    own === undefined && prune === undefined && only === undefined ? `evcctl plan ${file}` : `${command} --dry-run`
  const why = output === 'json' ? 'With --output json nobody is asked.' : 'There is no terminal to ask on.'
  return new UserError(
    {
      where: '--yes',
      problem: `${why} Nothing was read or written.`,
      next: `To apply without a question: ${command} ${options.yesFlag ?? '--yes'}\nTo look first: ${look}`,
    },
    { exitCode: exitCodes.badInput },
  )
}
