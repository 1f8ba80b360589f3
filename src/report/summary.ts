import type { ErrorDetails, Event, Summary, TaskId, TaskResult } from '../core/index.ts'

/** One task according to the events so far. Times in ms. */
export interface TaskView {
  readonly id: TaskId
  readonly host: string
  readonly role: string
  readonly title: string
  state: 'queued' | 'running' | TaskResult
  startedAt: number
  ms: number
  /** The last line that the task printed. */
  line: string
  error?: ErrorDetails
  because?: TaskId
}

/** One host according to the events so far. */
export interface HostView {
  readonly name: string
  connectMs?: number
  exchanges: number
  error?: ErrorDetails
}

/** The state of a run according to its events so far. All reporters read it; only `fold` writes it. */
export interface RunView {
  run: string
  command: string
  cluster: string
  startedAt: number
  /** Time of the newest event. */
  at: number
  readonly hosts: Map<string, HostView>
  readonly tasks: Map<TaskId, TaskView>
  plan?: { readonly toChange: number; readonly unknown: number; readonly inDesiredState: number }
  /** The number of planned changes by role and host, in the order in which they will be made. */
  planned: readonly { readonly role: string; readonly hosts: Readonly<Record<string, number>> }[]
  /** The tasks that change, or may; empty before the apply begins. */
  readonly plannedTasks: Set<TaskId>
  /** Time of the first write to a host; undefined before it. */
  applyingSince?: number
  waitingForLock?: string
  stopping?: 'after running exchanges' | 'now'
  readonly notes: { readonly host?: string; readonly text: string }[]
  ended?: { readonly summary: Summary; readonly ms: number; readonly failedHosts: readonly string[] }
}

/** The state of a run before its first event. */
export function newRun(): RunView {
  return {
    run: '',
    command: '',
    cluster: '',
    startedAt: 0,
    at: 0,
    hosts: new Map(),
    tasks: new Map(),
    planned: [],
    plannedTasks: new Set(),
    notes: [],
  }
}

/** Adds one event to the state. No other function interprets events for display. */
export function fold(view: RunView, event: Event): void {
  if (view.startedAt === 0) view.startedAt = event.at
  view.at = event.at
  switch (event.type) {
    case 'run:start':
      view.run = event.run
      view.command = event.command
      view.cluster = event.cluster
      view.startedAt = event.at
      for (const host of event.hosts) hostOf(view, host)
      break
    case 'host:connected':
      hostOf(view, event.host).connectMs = event.ms
      break
    case 'host:failed':
      hostOf(view, event.host).error = event.error
      break
    case 'exchange':
      hostOf(view, event.host).exchanges += 1
      break
    case 'lock:wait':
      view.waitingForLock = event.holder
      break
    case 'lock:taken':
      view.waitingForLock = undefined
      break
    case 'plan:ready':
      view.plan = event
      view.planned = event.stages ?? []
      break
    case 'host:planned':
      for (const id of event.tasks) view.plannedTasks.add(id)
      break
    case 'apply:start':
      view.applyingSince = event.at
      break
    case 'task:queued':
      taskOf(view, event)
      break
    case 'task:start': {
      const task = taskOf(view, event)
      task.state = 'running'
      task.startedAt = event.at
      break
    }
    case 'task:output': {
      const task = view.tasks.get(event.task)
      if (task !== undefined) task.line = event.line
      break
    }
    case 'task:end': {
      const task = taskOf(view, event)
      task.state = event.result
      task.ms = event.ms
      task.error = event.error
      task.because = event.because
      break
    }
    case 'note':
      view.notes.push(event)
      break
    case 'run:stopping':
      view.stopping = event.how
      break
    case 'run:end':
      view.ended = event
      break
    case 'lock:released':
    case 'value:making':
    case 'value:revoked':
      break
  }
}

/** Tasks in one of these states, in the order of their first events. */
export function tasksIn(view: RunView, ...states: readonly TaskView['state'][]): TaskView[] {
  return [...view.tasks.values()].filter(task => states.includes(task.state))
}

/** The planned tasks that have ended, whatever the result: some turn out to need no change. */
export function endedPlanned(view: RunView): TaskView[] {
  return tasksIn(view, 'changed', 'in desired state', 'failed', 'skipped', 'cancelled').filter(({ id }) =>
    view.plannedTasks.has(id),
  )
}

function hostOf(view: RunView, name: string): HostView {
  const known = view.hosts.get(name)
  if (known !== undefined) return known
  const host: HostView = { name, exchanges: 0 }
  view.hosts.set(name, host)
  return host
}

function taskOf(
  view: RunView,
  { task: id, host, role, title }: Extract<Event, { type: 'task:queued' | 'task:start' | 'task:end' }>,
): TaskView {
  const known = view.tasks.get(id)
  if (known !== undefined) return known
  const task: TaskView = { id, host, role, title, state: 'queued', startedAt: view.at, ms: 0, line: '' }
  view.tasks.set(id, task)
  return task
}
