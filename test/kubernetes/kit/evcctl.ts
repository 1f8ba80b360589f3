import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Event } from '../../../src/core/index.ts'

const binary = fileURLToPath(new URL('../../../bin/run.js', import.meta.url))

/** What one run of the command line gave. */
export interface Outcome {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A run of `evcctl` that is under way. */
export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Outcome>
  /** Resolves with the first event (`--output json`) that matches; rejects when the run ends without one. */
  event(matches: (event: Event) => boolean): Promise<Event>
}

/** Starts the compiled `evcctl` as a user would, without a terminal. */
export function startEvcctl(args: readonly string[], env: Record<string, string> = {}): Running {
  const child = spawn(process.execPath, [binary, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const seen: Event[] = []
  const waiters = new Set<() => void>()
  let stdout = ''
  let stderr = ''
  let parsed = 0
  let over = false
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
    for (let end = stdout.indexOf('\n', parsed); end >= 0; end = stdout.indexOf('\n', parsed)) {
      const line = stdout.slice(parsed, end)
      parsed = end + 1
      if (line.startsWith('{"')) seen.push(JSON.parse(line) as Event)
    }
    for (const waiter of waiters) waiter()
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
  })
  const ended = new Promise<Outcome>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (exitCode, signal) => {
      over = true
      for (const waiter of waiters) waiter()
      resolve({ exitCode, signal, stdout, stderr })
    })
  })
  return {
    child,
    ended,
    event: matches =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = seen.find(matches)
          if (found === undefined && !over) return
          waiters.delete(look)
          if (found !== undefined) resolve(found)
          else
            reject(new Error(`evcctl ended without the event that was waited for\n${stdout.slice(-4000)}\n${stderr}`))
        }
        waiters.add(look)
        look()
      }),
  }
}

/** Runs `evcctl` to its end. */
export function evcctl(args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  return startEvcctl(args, env).ended
}

/** The events of a run with `--output json`. */
export function eventsOf(outcome: Outcome): Event[] {
  return outcome.stdout
    .split('\n')
    .filter(line => line.startsWith('{"'))
    .map(line => JSON.parse(line) as Event)
}

/** What failed in a run with `--output json`, and why, in a line each. */
export function failuresOf(outcome: Outcome): string[] {
  return eventsOf(outcome)
    .filter(event => event.type === 'task:end')
    .filter(event => event.result === 'failed')
    .map(({ host, title, error }) => `${host} ${title}: ${JSON.stringify(error)}`)
}
