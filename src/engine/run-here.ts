import { type ChildProcess, spawn } from 'node:child_process'
import { Readable } from 'node:stream'
import { hideCredentials, hideInOutput } from '../core/credential-text.ts'
import { beginningOf, endOf } from '../core/cut.ts'
import { Deadline } from '../core/deadline.ts'
import { tailBytes } from '../core/limits.ts'
import type { LocalCommand } from '../core/resource.ts'
import { type Task, titleOf } from '../core/task.ts'
import type { Write } from './batch.ts'
import type { Run } from './run.ts'
import { messageOf, placeOf } from './task-errors.ts'
import type { TaskEnd } from './task-state.ts'
import { cleanLine } from './text.ts'
import { LineThrottle } from './throttle.ts'

/**
 * Runs the local command of a task, and shows its output as that of a step. It has no input. When its time is over, or the run is
 * to stop, it is killed with all processes of its group.
 */
export async function runHere(run: Run, { state: { task }, change }: Write): Promise<TaskEnd> {
  const described = { task: task.id, host: task.host, role: task.role, title: titleOf(task) }
  run.emit({ type: 'task:queued', ...described })
  run.emit({ type: 'task:start', ...described })
  const began = Date.now()
  using lines = shownLines(run, task)
  const ended = await execute(task.resource.here!, run, line => lines.push(line))
  const ms = Date.now() - began
  if (ended.is === 'stopped') return { result: 'cancelled', ms, change }
  if (ended.is === 'succeeded') return { result: 'changed', ms, change }
  const { timeoutMs, command, folder } = task.resource.here!
  const why = ended.is === 'late' ? `not ended within ${Math.ceil(timeoutMs / 1000)} s, and killed` : ended.why
  return {
    result: 'failed',
    ms,
    change,
    error: {
      where: placeOf(task),
      problem: 'The gate of this cluster did not let the next nodes change. They are as they were.',
      // The user may have written a password into the command.
      expected: `success of: ${hideCredentials(command)}`,
      actual: [why, ...ended.last].join('\n'),
      next: `Find out why it fails (it runs in ${folder}), then apply again: it is asked again before the next nodes.`,
    },
  }
}

type Ended =
  | { readonly is: 'succeeded' }
  | { readonly is: 'stopped' }
  | { readonly is: 'failed'; readonly why: string; readonly last: readonly string[] }
  | { readonly is: 'late'; readonly last: readonly string[] }

const mostLines = 20
/** How long output is still read when the command itself has ended, ms. */
const lastWordsMs = 1_000
const longestLine = tailBytes / mostLines

function execute(
  { command, folder, env, timeoutMs }: LocalCommand,
  run: Run,
  show: (line: string) => void,
): Promise<Ended> {
  return new Promise(resolve => {
    const last: string[] = []
    let child: ChildProcess
    try {
      child = spawn('sh', ['-c', command], {
        cwd: folder,
        env: { ...process.env, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
        // A group of its own, so that whatever it starts can be ended with it.
        detached: true,
      })
    } catch (error) {
      // Node throws where the kernel has no memory left, or takes no command or environment of this length.
      return resolve({ is: 'failed', why: messageOf(error), last })
    }
    // There are none where this machine is out of file descriptors; the event `error` then says so.
    const streams = [child.stdout, child.stderr].filter(stream => stream instanceof Readable)
    const take = (line: string) => {
      // A shell repeats what it runs (set -x), with the passwords in it.
      const text = hideInOutput(beginningOf(cleanLine(line), longestLine))
      if (text === '') return
      last.push(text)
      if (last.length > mostLines) last.shift()
      show(text)
    }
    for (const stream of streams) {
      let rest = ''
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        const lines = `${rest}${chunk}`.split('\n')
        // Of a line without end, the end is kept.
        rest = endOf(lines.pop()!, tailBytes)
        for (const line of lines) take(line)
      })
      stream.on('end', () => take(rest))
    }
    const kill = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      } catch {
        // It has ended by itself.
      }
    }
    let is: 'late' | 'stopped' | undefined
    const end = (why: 'late' | 'stopped') => () => {
      is ??= why
      kill()
    }
    const [late, stopped] = [end('late'), end('stopped')]
    const deadline = new Deadline(timeoutMs, late)
    let lastWords: Deadline | undefined
    const signals = [run.stop, run.abort]
    for (const signal of signals) signal.addEventListener('abort', stopped)
    const done = (ended: Ended) => {
      deadline.hold()
      lastWords?.hold()
      for (const signal of signals) signal.removeEventListener('abort', stopped)
      resolve(ended)
    }
    child.on('error', ({ message }) => done({ is: 'failed', why: message, last }))
    // What it left in the background does not outlive it, and what got away from its group is not waited for.
    child.on('exit', () => {
      kill()
      lastWords = new Deadline(lastWordsMs, () => {
        for (const stream of streams) stream.destroy()
      })
    })
    child.on('close', (code, signal) => {
      if (is === 'late') done({ is, last })
      else if (is === 'stopped') done({ is })
      else if (code === 0) done({ is: 'succeeded' })
      else done({ is: 'failed', why: code === null ? `ended by ${signal}` : `exit code ${code}`, last })
    })
  })
}

function shownLines(run: Run, task: Task): { push(line: string): void } & Disposable {
  const lines = new LineThrottle(line => run.emit({ type: 'task:output', task: task.id, line }))
  return {
    push: line => lines.push(line),
    [Symbol.dispose]: () => lines.end(),
  }
}
