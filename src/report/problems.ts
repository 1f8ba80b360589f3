import { type ErrorDetails, type Event, formatError } from '../core/index.ts'
import type { Paint } from './paint.ts'
import { printable, printableLine } from './printable.ts'
import type { RunView } from './summary.ts'

/** What went wrong, as lines for people: a head with its sign, the details indented below it. */
export function problemLines(head: string, error: ErrorDetails | undefined, paint: Paint): string[] {
  const lines = [`${paint.bad('✘')} ${head}`]
  if (error === undefined) return lines
  const text = printable(formatError(error)).split('\n')
  return [...lines, ...text.map(line => `    ${line}`)]
}

/** Up to so many hosts are all named; of more, the first ones and how many there are. */
const allNamed = 8
const firstNamed = 3

/** `w1, w2` or `w1, w2, w3 and 997 more`. */
export function hostNames(hosts: readonly string[]): string {
  const shown = hosts.length <= allNamed ? hosts : hosts.slice(0, firstNamed)
  const more = hosts.length - shown.length
  return `${shown.map(printable).join(', ')}${more === 0 ? '' : ` and ${more} more`}`
}

/** What is the same but for its place, once; `error.where` then stays only where it is of one host alone. */
export function sameErrors<T extends { readonly host: string; readonly error?: ErrorDetails }>(
  list: readonly T[],
  more: (one: T) => unknown = () => undefined,
): readonly { readonly hosts: readonly string[]; readonly one: T; readonly error: ErrorDetails | undefined }[] {
  const same = Map.groupBy(list, one => JSON.stringify([more(one), withoutPlace(one.error)]))
  return [...same.values()].map(group => {
    const [one] = group as [T, ...T[]]
    return {
      hosts: group.map(({ host }) => host),
      one,
      error: group.length === 1 ? one.error : withoutPlace(one.error),
    }
  })
}

/** Something that went wrong with a task of a host. */
export interface TaskProblem {
  readonly host: string
  readonly title: string
  readonly error?: ErrorDetails
}

/** Problems of tasks; what went wrong in the same way on several hosts is told once, with the names of all. */
export function taskProblemLines(problems: readonly TaskProblem[], paint: Paint): string[][] {
  const same = Map.groupBy(problems, ({ title, error }) => JSON.stringify([title, withoutPlace(error)]))
  return [...same.values()].map(list => {
    const { title, error } = list[0]!
    const hosts = hostNames(list.map(({ host }) => host))
    return problemLines(`${hosts}  ${printable(title)}`, withoutPlace(error), paint)
  })
}

/**
 * One line for an event that tells a failure, undefined for all others; the details come at the end of the run. `view` is
 * what was known before the event: a host that was given up is told once, not once more for each of its tasks.
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
