import type { Event, TaskId } from '../core/index.ts'
import { stoppingText } from './frame.ts'
import { count, formatDuration, formatTime } from './measures.ts'
import { outputLine } from './output-line.ts'
import { createPaint } from './paint.ts'
import { printable } from './printable.ts'
import { failureLine } from './problems.ts'
import type { Reporter } from './reporter.ts'
import { fold, newRun, type RunView, type TaskView, tasksIn } from './summary.ts'

/** A task that runs this long gets a line while it runs, ms. */
const longMs = 5_000
/** The interval between further lines about the same running task, ms. */
const reminderMs = 30_000
/** A shorter duration is not shown, ms. */
const quickMs = 500

/**
 * For pipes, CI and log files: a line for each task when it ends, lines for long tasks while they run, and a line for each
 * other event that matters. Lines have times and are never redrawn. While `isBehind` says that the reader does not keep
 * up, long tasks get no lines while they run.
 */
export function plainReporter(
  write: (text: string) => unknown,
  options: { readonly now?: () => number; readonly isBehind?: () => boolean } = {},
): Reporter {
  const { now = Date.now, isBehind = () => false } = options
  const view = newRun()
  const line = (at: number, text: string) => write(`${formatTime(at)}  ${text.replaceAll('\n', '\n          ')}\n`)
  const mentioned = new Map<TaskView, number>()
  const remind = () => {
    if (isBehind()) return
    const at = now()
    for (const task of tasksIn(view, 'running')) {
      const before = mentioned.get(task)
      if (at - (before ?? task.startedAt) < (before === undefined ? longMs : reminderMs)) continue
      mentioned.set(task, at)
      const last = task.line === '' ? '' : `: ${outputLine(task.line)}`
      line(at, `${task.host}  ${printable(task.title)}  running for ${formatDuration(at - task.startedAt)}${last}`)
    }
  }
  const timer = setInterval(remind, 1_000)
  timer.unref()
  return {
    show(event) {
      const text = failureLine(event, view, paint) ?? plainText(event, view)
      fold(view, event)
      if (text !== undefined) line(event.at, text)
    },
    pause() {},
    resume() {},
    end: () => clearInterval(timer),
  }
}

const paint = createPaint(false)

function plainText(event: Event, view: RunView): string | undefined {
  switch (event.type) {
    case 'run:start':
      return `${event.command} of ${printable(event.cluster)}: ${count(event.hosts.length, 'host')}, run ${event.run}`
    case 'host:connected':
      return `${printable(event.host)}  connected in ${formatDuration(event.ms)}`
    case 'lock:wait':
      return `${printable(event.host)}  waiting for another run: ${printable(event.holder)}`
    case 'lock:taken':
      return event.from === undefined
        ? undefined
        : `${printable(event.host)}  lock taken over from ${printable(event.from)}`
    case 'plan:ready':
      return `${count(event.toChange, 'change')} to make, ${event.inDesiredState} in desired state${
        event.unknown > 0 ? `, ${event.unknown} known after apply` : ''
      }`
    case 'task:end':
      return endText(event, view)
    case 'note':
      return `${event.host === undefined ? '' : `${printable(event.host)}  `}${printable(event.text)}`
    case 'run:stopping':
      return stoppingText(view, event.how)
    case 'value:making':
      return `${event.host}  ${printable(event.name)} made`
    case 'value:revoked':
      return `${event.host}  ${printable(event.name)} revoked`
    default:
      return undefined
  }
}

function endText(event: Extract<Event, { type: 'task:end' }>, view: RunView): string | undefined {
  const what = `${event.host}  ${printable(event.title)}`
  switch (event.result) {
    case 'in desired state':
    case 'failed':
      return undefined
    case 'changed':
      return `${what}  changed${event.ms < quickMs ? '' : ` in ${formatDuration(event.ms)}`}`
    case 'skipped':
      return `${what}  skipped${event.because === undefined ? '' : `: ${causeText(event.because, view)} failed`}`
    case 'cancelled':
      return `${what}  cancelled`
  }
}

function causeText(id: TaskId, view: RunView): string {
  const task = view.tasks.get(id)
  return printable(task === undefined ? id : `${task.host} ${task.title}`)
}
