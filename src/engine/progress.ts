import { hideInOutput } from '../core/credential-text.ts'
import type { ExchangeOptions } from '../core/host.ts'
import { type Task, titleOf } from '../core/task.ts'
import type { Write } from './batch.ts'
import type { Run } from './run.ts'
import { cleanLine } from './text.ts'
import { LineThrottle } from './throttle.ts'

/** Reports the progress of the jobs of one exchange. */
export interface Progress extends Disposable, Pick<ExchangeOptions, 'onJobStart' | 'onOutput'> {
  /** Reports the start of a job unless that was done, and ends its output. Returns false for a job that was closed before. */
  close(job: number): boolean
  /** Position of the job that began last; undefined while none has. */
  latest(): number | undefined
}

/** Events `task:queued`, `task:start` and `task:output` of the jobs of one exchange. */
export function followJobs(run: Run, writes: readonly Write[]): Progress {
  const started = new Set<number>()
  const closed = new Set<number>()
  let latest: number | undefined
  // Only what is shown is cleaned and searched for credentials: a host may print a million lines a second.
  const lines = writes.map(
    ({ state }) =>
      new LineThrottle(line => {
        const text = hideInOutput(cleanLine(line))
        if (text !== '') run.emit({ type: 'task:output', task: state.task.id, line: text })
      }),
  )
  const start = (job: number) => {
    if (started.has(job)) return
    started.add(job)
    run.emit({ type: 'task:start', ...described(writes[job]!.state.task) })
  }
  for (const { state } of writes) run.emit({ type: 'task:queued', ...described(state.task) })
  return {
    onJobStart(job) {
      latest = job
      start(job)
    },
    onOutput(job, line) {
      if (line.trim() !== '') lines[job]!.push(line)
    },
    close(job) {
      start(job)
      lines[job]!.end()
      if (closed.has(job)) return false
      closed.add(job)
      return true
    },
    latest: () => latest,
    [Symbol.dispose]() {
      for (const line of lines) line.end()
    },
  }
}

function described(task: Task) {
  return { task: task.id, host: task.host, role: task.role, title: titleOf(task) }
}
