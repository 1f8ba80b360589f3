import { type ErrorDetails, type Event, formatError } from '../core/index.ts'
import type { Paint } from './paint.ts'
import { printable, printableLine } from './printable.ts'
import { sameErrors } from './same-errors.ts'
import type { RunView } from './summary.ts'

/** Formats an error as lines for people: a head with a sign, and the details indented below it. */
export function problemLines(head: string, error: ErrorDetails | undefined, paint: Paint): string[] {
  const lines = [`${paint.bad('✘')} ${head}`]
  if (error === undefined) return lines
  const text = printable(formatError(error)).split('\n')
  return [...lines, ...text.map(line => `    ${line}`)]
}

/** Up to this many hosts are all named; of more hosts, the first ones are named and the rest counted. */
const allNamed = 8
const firstNamed = 3

/** `w1, w2` or `w1, w2, w3 and 997 more`. */
export function hostNames(hosts: readonly string[]): string {
  const shown = hosts.length <= allNamed ? hosts : hosts.slice(0, firstNamed)
  const more = hosts.length - shown.length
  return `${shown.map(printable).join(', ')}${more === 0 ? '' : ` and ${more} more`}`
}

/** An error of a task on a host. */
export interface TaskProblem {
  readonly host: string
  readonly title: string
  readonly error?: ErrorDetails
}

/** The names and addresses of a host; a host of a ClusterSpec has all of them. */
export interface NamedHost {
  readonly name: string
  readonly address?: string
  readonly privateAddress?: string
}

/** Formats the errors of tasks; an error that is the same on several hosts is shown once, with the names of all. */
export function taskProblemLines(
  problems: readonly TaskProblem[],
  hosts: readonly NamedHost[],
  paint: Paint,
): string[][] {
  const names = new Map(
    hosts.map(({ name, address, privateAddress }) => [
      name,
      [name, address, privateAddress].filter(text => text !== undefined),
    ]),
  )
  const same = sameErrors(
    problems,
    ({ host, error }) => error && { ...error, where: host },
    ({ title }) => title,
    ({ host }) => names.get(host) ?? [host],
  )
  return same.map(({ all, error }) => {
    const hosts = hostNames(all.map(({ host }) => host))
    return problemLines(`${hosts}  ${printable(all[0].title)}`, withoutPlace(error), paint)
  })
}

/**
 * One line for an event that reports a failure, undefined for other events; the end of the run shows the details. `view`
 * is the state before the event: it lets a lost host be reported once, not again for each of its tasks.
 */
export function failureLine(event: Event, view: RunView, paint: Paint): string | undefined {
  if (event.type !== 'host:failed' && event.type !== 'task:end') return undefined
  if (view.hosts.get(event.host)?.error !== undefined) return undefined
  const sign = `${paint.bad('✘')} ${printable(event.host)}`
  if (event.type === 'host:failed') return `${sign}  ${printableLine(event.error.problem)}`
  if (event.result !== 'failed') return undefined
  const problem = event.error === undefined ? 'failed' : printableLine(event.error.problem)
  return `${sign}  ${printable(event.title)}: ${problem}`
}

// `where` of a task's error is its host and title, which stand in the head.
function withoutPlace(error: ErrorDetails | undefined): ErrorDetails | undefined {
  if (error === undefined) return undefined
  const { where: _, ...rest } = error
  return rest
}
