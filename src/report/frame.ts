import { columnsOf, cut, pad } from './layout.ts'
import { count, formatClock, formatDuration } from './measures.ts'
import { outputLine } from './output-line.ts'
import type { Paint } from './paint.ts'
import { printable, printableLine } from './printable.ts'
import { type Stage, stagesOf } from './stages.ts'
import { endedPlanned, type RunView, type TaskView, tasksIn } from './summary.ts'

/** Size of the terminal and the time of the picture, ms since the epoch. */
export interface Canvas {
  readonly columns: number
  readonly rows: number
  readonly now: number
  readonly paint: Paint
}

const signs: Record<Stage['state'], string> = { waiting: '○', running: '●', done: '✔', failed: '✘' }

/**
 * The live picture of a run: header with elapsed time and bar, hosts at work, stages. Never wider or
 * higher than the canvas, so that it can be redrawn in place.
 */
export function renderFrame(view: RunView, canvas: Canvas): string[] {
  const top = [header(view, canvas), ...remarks(view, canvas)]
  const bottom = view.applyingSince === undefined ? [] : stageLines(view, canvas)
  const room = Math.max(1, canvas.rows - 1 - top.length - bottom.length)
  const working = view.applyingSince === undefined ? connecting(view) : atWork(view, room, canvas)
  const shown = working.slice(0, working.length <= room ? room : room - 1)
  const rest = working.length - shown.length
  const lines = [...top, ...align(shown), ...(rest > 0 ? [`  and ${rest} more`] : []), ...bottom]
  return lines.slice(0, Math.max(1, canvas.rows - 1)).map(line => cut(line, canvas.columns - 1))
}

function header(view: RunView, { columns, now, paint }: Canvas): string {
  const name = paint.strong(printable(view.cluster))
  // The clock of the apply starts with the first write, so that the time a person takes to answer the plan does not count.
  if (view.applyingSince === undefined && view.plan !== undefined) return `${name}  about to begin`
  const elapsed = formatClock(now - (view.applyingSince ?? view.startedAt))
  if (view.applyingSince === undefined) {
    const reached = [...view.hosts.values()].filter(host => host.connectMs !== undefined).length
    return `${name}  ${elapsed}  reading ${count(view.hosts.size, 'host')}, ${reached} connected`
  }
  const total = view.plan === undefined ? 0 : view.plan.toChange + view.plan.unknown
  const ended = Math.min(total, endedPlanned(view).length)
  const tail = `${ended} of ${total}`
  const room = Math.min(30, columns - 8 - view.cluster.length - elapsed.length - tail.length)
  const failed = tasksIn(view, 'failed').length
  const bad = failed > 0 ? `, ${paint.bad(`${failed} failed`)}` : ''
  return `${name}  ${elapsed}  ${room < 5 ? '' : `${bar(ended, total, room, paint)}  `}${tail}${bad}`
}

function bar(done: number, total: number, columns: number, paint: Paint): string {
  const full = total === 0 ? columns : Math.floor((done / total) * columns)
  return paint.active('█'.repeat(full)) + paint.faint('░'.repeat(columns - full))
}

function remarks(view: RunView, { paint }: Canvas): string[] {
  const lines: string[] = []
  if (view.waitingForLock !== undefined) {
    lines.push(`  ${paint.changed('waiting')} for another run: ${printableLine(view.waitingForLock)}`)
  }
  if (view.stopping !== undefined) lines.push(`  ${paint.changed(stoppingText(view, view.stopping))}`)
  return lines
}

/** Says what ^C has stopped and what the run still waits for. */
export function stoppingText(view: RunView, how: RunView['stopping']): string {
  if (how === 'now') return 'Stopping now: what runs on the hosts is being killed.'
  const running = tasksIn(view, 'running').map(task => `${task.host} ${printable(task.title)}`)
  const what = running.length === 0 ? 'exchanges under way to end' : running.slice(0, 3).join(', ')
  const more = running.length > 3 ? ` and ${running.length - 3} more` : ''
  return `Stopping: nothing new starts, ^C again kills what runs. Waiting for ${what}${more}.`
}

type Row = readonly [host: string, title: string, time: string, line: string]

function connecting(view: RunView): Row[] {
  return [...view.hosts.values()]
    .filter(host => host.connectMs === undefined && host.error === undefined)
    .map(host => [printable(host.name), 'connecting', '', ''])
}

// Rows are in the order of the cluster file, so that a host keeps its place while it has work. When there is no room for
// all rows, those of the longest tasks are shown.
function atWork(view: RunView, room: number, { now, paint }: Canvas): Row[] {
  const longest = tasksIn(view, 'running').sort((a, b) => a.startedAt - b.startedAt)
  const shown = new Set(longest.slice(0, longest.length <= room ? room : room - 1))
  const order = [...view.hosts.keys()]
  const inOrder = [...shown].sort((a, b) => order.indexOf(a.host) - order.indexOf(b.host))
  return [...inOrder, ...longest.filter(task => !shown.has(task))].map(task => row(task, now, paint))
}

function row(task: TaskView, now: number, paint: Paint): Row {
  const line = paint.faint(outputLine(task.line))
  return [printable(task.host), printableLine(task.title), formatDuration(now - task.startedAt), line]
}

function align(rows: readonly Row[]): string[] {
  const widest = (column: 0 | 1 | 2, most: number) =>
    Math.min(most, Math.max(0, ...rows.map(cells => columnsOf(cells[column]))))
  const [host, title, time] = [widest(0, 20), widest(1, 36), widest(2, 12)]
  return rows.map(cells => {
    const start = `  ${pad(cut(cells[0], host), host)}  ${pad(cut(cells[1], title), title)}`
    return `${start}  ${cells[2].padStart(time)}  ${cells[3]}`.trimEnd()
  })
}

// The stages take as many lines as they need at this width, so that a narrow terminal hides none.
function stageLines(view: RunView, { columns, paint }: Canvas): string[] {
  const colour: Record<Stage['state'], (text: string) => string> = {
    waiting: paint.faint,
    running: paint.active,
    done: paint.good,
    failed: paint.bad,
  }
  const lines: string[] = []
  for (const stage of stagesOf(view)) {
    const amount =
      stage.state === 'running' || stage.state === 'failed' ? `${stage.hostsDone} of ${stage.hosts}` : stage.hosts
    const item = `${colour[stage.state](signs[stage.state])} ${stage.role} ${amount}`
    const last = lines.at(-1)
    if (last === undefined || columnsOf(last) + 3 + columnsOf(item) > columns - 1) lines.push(item)
    else lines[lines.length - 1] = `${last}   ${item}`
  }
  return lines
}
