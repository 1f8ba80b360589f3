import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { type TaskId, titleOf } from '../../core/index.ts'
import { type Evaluation, journalFolder, type UnfinishedRun, unfinishedRun } from '../../engine/index.ts'
import { count, printable } from '../../report/index.ts'
import { printJson, printLine } from '../terminal/streams.ts'
import type { ClusterRun } from './cluster-run.ts'

/** What is left of a run that did not end well, compared with the hosts as they are now. */
export interface Resumed extends UnfinishedRun {
  /** Proven tasks that differ again: somebody has changed them since, or wants something else of them. */
  readonly differAgain: readonly TaskId[]
  /** Tasks that nobody was told the outcome of, and that turn out to be done. */
  readonly doneAfterAll: readonly TaskId[]
  /** How many tasks change now, or may. */
  readonly left: number
  /** Whether the cluster file is another one than that run was given. */
  readonly fileChanged: boolean
}

/** Compares what a journal tells with an evaluation of now. Pure. */
export function resumed(run: UnfinishedRun, { plan }: Evaluation, fileSha256: string): Resumed {
  const differs = (id: TaskId) => (plan.verdicts.get(id)?.is ?? 'in desired state') !== 'in desired state'
  return {
    ...run,
    differAgain: run.proven.filter(differs),
    doneAfterAll: run.unproven.filter(id => plan.verdicts.get(id)?.is === 'in desired state'),
    left: [...plan.verdicts.keys()].filter(differs).length,
    fileChanged: run.fileSha256 !== undefined && run.fileSha256 !== fileSha256,
  }
}

/** Says of the last apply of this machine what was proven, what was not, and what is left, or that it was not cut off. */
export async function tellResumed(cluster: ClusterRun, evaluation: Evaluation, output: 'text' | 'json'): Promise<void> {
  const { spec, files, id } = cluster
  const run = unfinishedRun({ folder: journalFolder('apply'), cluster: spec.name, except: id })
  const content = files.get(resolve(spec.file)) ?? ''
  const sha256 = createHash('sha256').update(content).digest('hex')
  const found = run === undefined ? undefined : resumed(run, evaluation, sha256)
  await cluster.aside(() => {
    if (output === 'json') printJson(document(found))
    else printLine(found === undefined ? nothingCutOff : resumeText(found, evaluation, spec.file))
  })
}

const nothingCutOff =
  'No apply of this machine was cut off: the last one ended well, or there was none. This goes on as apply does.'

function document(found: Resumed | undefined): object {
  if (found === undefined) return { type: 'resume', at: Date.now() }
  const { fileSha256: _, ...rest } = found
  return { type: 'resume', at: Date.now(), ...rest }
}

const howItEnded: Readonly<Record<UnfinishedRun['ended'], string>> = {
  killed: 'was cut off',
  stopped: 'was stopped',
  failed: 'has failed in part',
  'under way': 'has not ended yet; its process is still there',
}

/** What is known of a run, for people. */
export function resumeText(found: Resumed, evaluation: Evaluation, file: string): string {
  const { run, ended, proven, unproven, notBegun, differAgain, doneAfterAll, left, fileChanged } = found
  const done = new Set(doneAfterAll)
  const again = unproven.filter(id => !done.has(id))
  const named = (ids: readonly TaskId[]) => linesOf(ids, evaluation)
  return [
    `The run ${printable(run)} ${howItEnded[ended]}.`,
    ...(fileChanged
      ? [`  ${printable(file)} has changed since then, so other things may be left than that run had to do.`]
      : []),
    `  proven      ${count(proven.length, 'task')}: done, and verified on their hosts`,
    ...(differAgain.length === 0
      ? []
      : [`              ${differAgain.length} of them differ again now:`, ...named(differAgain)]),
    `  not proven  ${count(unproven.length, 'task')}: begun, and failed or not heard of again`,
    ...(doneAfterAll.length === 0
      ? []
      : [`              ${doneAfterAll.length} of them are done after all:`, ...named(doneAfterAll)]),
    ...(again.length === 0 ? [] : [`              ${again.length} of them are to be done again:`, ...named(again)]),
    `  not begun   ${count(notBegun.length, 'task')}`,
    `  left now    ${left === 0 ? 'nothing' : `${count(left, 'task')}, which the plan shows`}`,
  ].join('\n')
}

const mostNamed = 10

function linesOf(ids: readonly TaskId[], { graph }: Evaluation): readonly string[] {
  const lines = ids.slice(0, mostNamed).map(id => {
    const task = graph.tasks.get(id)
    return `                ${printable(task === undefined ? id : `${task.host}  ${titleOf(task)}`)}`
  })
  return ids.length > mostNamed ? [...lines, `                and ${ids.length - mostNamed} more`] : lines
}
