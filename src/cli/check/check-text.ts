import {
  changeSections,
  count,
  type Note,
  noteSections,
  type Paint,
  type PlanSubject,
  printable,
  problemSections,
} from '../../report/index.ts'
import type { CheckResult } from './check-result.ts'
import type { Cause } from './classify.ts'

/** How the result of a check is shown. */
export interface CheckTextOptions {
  readonly paint: Paint
  readonly diff: boolean
  /** Terminal columns; undefined: lines are not broken. */
  readonly width?: number
  readonly notes: readonly Note[]
}

const headings: Readonly<Record<Cause, (file: string) => string>> = {
  drift: () => 'drift: changed on the hosts since the last apply',
  asked: file => `asked for: wanted by ${file} or this version of evcctl, and not applied yet`,
  unrecorded: () => 'not on record: no apply of this version has verified it, so it may be either',
}

const words: Readonly<Record<Cause, string>> = { drift: 'drifted', asked: 'asked for', unrecorded: 'not on record' }
const causes = Object.keys(words) as readonly Cause[]

/** The result of a check for people: drift first, then what the file asks for. */
export function checkText(result: CheckResult, subject: PlanSubject, options: CheckTextOptions): string {
  const { paint, width } = options
  const { changes, view, hosts, lockedBy } = result
  const locked =
    lockedBy === undefined
      ? []
      : [paint.changed(`Another run is at work, so this may be the middle of a change: ${printable(lockedBy)}`), '']
  const sections = causes.flatMap(cause => {
    if (changes[cause].length === 0) return []
    const heading = paint.strong(headings[cause](subject.file))
    return [heading, '', ...changeSections(changes[cause], subject.hosts, options, paint)]
  })
  const found = causes
    .filter(cause => changes[cause].length > 0)
    .map(cause => `${changes[cause].length} ${words[cause]}`)
  const name = paint.strong(subject.name)
  const read = count(hosts.size, 'host')
  const unread = view.errors.length > 0 ? '; the state of the tasks above could not be read' : ''
  const head = found.length === 0 ? [] : [`${name}: ${read}, ${lastApplied(result)}`, '']
  const end =
    found.length === 0
      ? [`${name}: ${read} as described in ${subject.file}. No drift${unread}; ${lastApplied(result)}.`]
      : [`${found.join(', ')}. Nothing was written. To make all of it as wanted: evcctl apply ${subject.file}`]
  return [
    ...head,
    ...locked,
    ...problemSections(view, subject.hosts, paint),
    ...sections,
    ...noteSections(options.notes, width ?? Number.POSITIVE_INFINITY, paint),
    ...end,
  ].join('\n')
}

function lastApplied({ hosts }: CheckResult): string {
  const records = [...hosts.values()].filter(record => record !== undefined)
  const last = records.toSorted((a, b) => b.at - a.at)[0]
  if (last === undefined) return 'no apply on record'
  return `on record since ${new Date(last.at).toISOString()}, by the run ${last.run}`
}
