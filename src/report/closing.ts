import { count, formatDuration } from './measures.ts'
import type { Paint } from './paint.ts'
import { printable } from './printable.ts'
import { hostNames, type NamedHost, problemLines, taskProblemLines } from './problems.ts'
import { sameErrors } from './same-errors.ts'
import { type RunView, type TaskView, tasksIn } from './summary.ts'

/** What the closing text of a run needs besides the events. */
export interface ClosingOptions {
  readonly paint: Paint
  /** The hosts of the cluster file. */
  readonly hosts: readonly NamedHost[]
  /** Folder of the run journal, as shown. */
  readonly journal?: string
  /** A command to run next after success. */
  readonly next?: string
  /** The command that continues after a failure. */
  readonly again: string
}

/** The closing text of an apply: counts, failures and the tasks they blocked, where the journal is, and the next command. */
export function renderClosing(view: RunView, options: ClosingOptions): string {
  const { paint } = options
  const summary = view.ended?.summary
  const elapsed = formatDuration(view.ended?.ms ?? view.at - (view.applyingSince ?? view.startedAt))
  const hostsFailed = [...view.hosts.values()].filter(host => host.error !== undefined)
  const changed = summary?.changed ?? tasksIn(view, 'changed').length
  const failed = summary?.failed ?? tasksIn(view, 'failed').length
  const skipped = summary?.skipped ?? tasksIn(view, 'skipped').length
  const cancelled = summary?.cancelled ?? tasksIn(view, 'cancelled').length
  const good = failed + skipped + cancelled + hostsFailed.length === 0 && view.stopping === undefined

  const counts = [
    `${changed} changed`,
    `${failed} failed`,
    `${skipped} skipped${skipped > 0 ? ` because of ${failed > 1 ? 'them' : 'it'}` : ''}`,
  ]
  if (cancelled > 0) counts.push(`${cancelled} cancelled`)
  const lines = [`${head(view, good, paint)} ${elapsed}: ${counts.join(', ')}.`]
  const add = (more: readonly string[]) => {
    for (const line of more) lines.push(line)
  }
  const tasksFailed = Map.groupBy(tasksIn(view, 'failed'), task => view.hosts.get(task.host)?.error !== undefined)
  const givenUp = Map.groupBy(tasksFailed.get(true) ?? [], task => task.host)
  for (const { all, error } of sameErrors(hostsFailed, host => host.error)) {
    const hosts = all.map(({ name }) => name)
    add(indent(problemLines(hostNames(hosts), error, paint)))
    const undone = hosts.reduce((sum, host) => sum + (givenUp.get(host)?.length ?? 0), 0)
    if (undone > 0) lines.push(`      ${count(undone, 'task')} there ${undone === 1 ? 'is' : 'are'} not done`)
  }
  for (const problem of taskProblemLines(tasksFailed.get(false) ?? [], options.hosts, paint)) add(indent(problem))
  add(heldUp(tasksIn(view, 'skipped'), 'skipped'))
  add(heldUp(tasksIn(view, 'cancelled'), 'cancelled'))
  if (good) add(longest(view))
  if (options.journal !== undefined) lines.push(`  run journal: ${options.journal}`)
  if (good && options.next !== undefined) lines.push(`  next: ${options.next}`)
  if (!good) {
    // Tasks are also cancelled where nobody asked for it: when the run lock is lost.
    const cutOff = view.stopping !== undefined || cancelled > 0
    const others = !cutOff && view.hosts.size > 1 ? 'Everything that does not depend on it is done. ' : ''
    const when = cutOff ? 'To continue' : 'When it is fixed'
    lines.push(`  ${others}${when}: ${options.again}   (what is done is not done again)`)
  }
  return lines.join('\n')
}

function head(view: RunView, good: boolean, paint: Paint): string {
  if (good) return paint.good('Done in')
  if (view.stopping === 'now') return paint.changed('Stopped on request (running steps were killed) after')
  if (view.stopping !== undefined) return paint.changed('Stopped on request (running steps were allowed to end) after')
  return paint.bad('Stopped after')
}

function indent(lines: readonly string[]): string[] {
  return lines.map(line => `  ${line}`)
}

const namesShown = 6

function heldUp(tasks: readonly TaskView[], word: string): string[] {
  const ofHosts = [...Map.groupBy(tasks, task => task.host)]
  const alike = Map.groupBy(ofHosts, ([, list]) => JSON.stringify(list.map(task => task.title)))
  return [...alike.values()].map(group => {
    const list = group[0]![1]
    const names = list.slice(0, namesShown).map(task => printable(task.title))
    const more = list.length > namesShown ? ` and ${list.length - namesShown} more` : ''
    return `  ${word} on ${hostNames(group.map(([host]) => host))}: ${names.join(', ')}${more}`
  })
}

// Only durations that a person notices are shown; a run of short steps has no such line.
const worthNamingMs = 2_000

function longest(view: RunView): string[] {
  const slow = tasksIn(view, 'changed')
    .filter(task => task.ms >= worthNamingMs)
    .sort((a, b) => b.ms - a.ms)
    .slice(0, 3)
  if (slow.length === 0) return []
  const [first, ...rest] = slow.map(task => `${task.host} ${printable(task.title)} ${formatDuration(task.ms)}`)
  // Each duration has its own line, because three in one line do not fit 80 columns.
  return [`  longest: ${first}`, ...rest.map(line => `           ${line}`)]
}
