import { columnsOf, pad, table, widest, wrap } from './layout.ts'
import { count } from './measures.ts'
import type { Paint } from './paint.ts'
import type { ChangeText } from './plan-change.ts'
import { printable } from './printable.ts'

/** A change and its text. */
export interface Shown {
  readonly change: { readonly host: string; readonly role: string }
  readonly text: ChangeText
}

/** Changes that are shared by the same hosts. */
export interface Group {
  readonly hosts: readonly string[]
  readonly changes: readonly { readonly role: string; readonly text: ChangeText }[]
}

interface Entry {
  readonly hosts: Set<string>
  readonly role: string
  readonly text: ChangeText
}

/** Changes with the same text form one entry with all their hosts; entries with the same hosts form a group. */
export function groupByHosts(texts: readonly Shown[], order: readonly string[]): Group[] {
  const entries = new Map<string, Entry>()
  for (const { change, text } of texts) {
    const key = JSON.stringify([change.role, text])
    const entry = entries.get(key)
    if (entry === undefined) {
      entries.set(key, { hosts: new Set([change.host]), role: change.role, text })
    } else entry.hosts.add(change.host)
  }
  const groups = Map.groupBy(withOwnValues([...entries.values()], order), ({ hosts }) =>
    order.filter(host => hosts.has(host)).join('\0'),
  )
  const list = [...groups].map(([hosts, changes]) => ({ hosts: hosts.split('\0'), changes }))
  // Changes that all hosts share are first; the others follow in graph order.
  return list.sort((a, b) => Number(b.hosts.length === order.length) - Number(a.hosts.length === order.length))
}

/** How many hosts are shown of a change whose value differs on each host. */
const ownValuesShown = 10

// Changes that differ only in their value (an address, a host name) form one entry with a line for each host below it.
// Otherwise a cluster of fifty hosts would have fifty sections.
function withOwnValues(entries: readonly Entry[], order: readonly string[]): readonly Entry[] {
  const alike = Map.groupBy(entries, ({ hosts, role, text }) => {
    const own = hosts.size === 1 && text.remark !== '' && text.below.length === 0
    return own ? JSON.stringify([role, text.sign, text.title]) : undefined
  })
  const merged = new Map<Entry, Entry>()
  for (const [key, list] of alike) {
    const hosts = new Set(list.flatMap(entry => [...entry.hosts]))
    // A host with two such changes (the labels of two nodes) does not share them with other hosts.
    if (key === undefined || list.length < 2 || hosts.size < list.length) continue
    const sorted = [...list].sort((a, b) => order.indexOf([...a.hosts][0]!) - order.indexOf([...b.hosts][0]!))
    const lines = table(sorted.map(entry => [printable([...entry.hosts][0]!), entry.text.remark]))
    const more = lines.length > ownValuesShown + 1 ? lines.splice(ownValuesShown).length : 0
    const below = more > 0 ? [...lines, `and so on for ${count(more, 'more host')}`] : lines
    merged.set(list[0]!, { hosts, role: list[0]!.role, text: { ...list[0]!.text, remark: '', below } })
    for (const entry of list.slice(1)) merged.set(entry, { ...entry, hosts: new Set() })
  }
  return entries.map(entry => merged.get(entry) ?? entry).filter(({ hosts }) => hosts.size > 0)
}

const widestTitle = 50
/** Columns that are kept free for the remarks beside the titles. */
const remarkColumns = 34

/** Formats a group as lines: its hosts, then its changes by role in columns. */
export function sectionLines(group: Group, width: number | undefined, paint: Paint): string[] {
  const amount = count(group.changes.length, 'change')
  const shared = group.changes.length > 1 ? `the same ${amount}` : 'the same change'
  const head = `${group.hosts.map(printable).join(', ')}: ${group.hosts.length > 1 ? shared : amount}`
  const lines = [wrap(head, width ?? Number.POSITIVE_INFINITY).map(line => paint.strong(line))]
  const roleColumns = widest(group.changes.map(change => change.role))
  const room = Math.max(20, (width ?? Number.POSITIVE_INFINITY) - roleColumns - 6 - remarkColumns)
  const longest = widest(group.changes.map(change => change.text.title))
  const titleColumns = Math.min(widestTitle, room, longest)
  let role: string | undefined
  for (const { role: next, text } of [...Map.groupBy(group.changes, change => change.role).values()].flat()) {
    const name = next === role ? ' '.repeat(roleColumns) : paint.active(pad(next, roleColumns))
    role = next
    lines.push(changeLines(`  ${name}  ${text.sign} `, text, { indent: roleColumns + 6, titleColumns, width }))
  }
  return lines.flat()
}

interface Columns {
  readonly indent: number
  readonly titleColumns: number
  readonly width: number | undefined
}

function changeLines(start: string, text: ChangeText, { indent, titleColumns, width }: Columns): string[] {
  const below = text.below.map(line => `${' '.repeat(indent + 2)}${line}`)
  if (text.remark === '') return [start + text.title, ...below]
  const remarkAt = indent + titleColumns + 2
  const room = (width ?? Number.POSITIVE_INFINITY) - remarkAt
  // A narrow terminal has no room for a column of remarks, so they are printed below the titles.
  if (room < 24) {
    const lines = wrap(text.remark, Math.max(20, (width ?? 80) - indent - 2))
    return [start + text.title, ...lines.map(line => `${' '.repeat(indent + 2)}${line}`), ...below]
  }
  const tooLong = columnsOf(text.title) > titleColumns
  const [first = '', ...rest] = wrap(text.remark, room)
  const continued = (tooLong ? [first, ...rest] : rest).map(line => `${' '.repeat(remarkAt)}${line}`)
  const line = tooLong ? start + text.title : `${start}${pad(text.title, titleColumns)}  ${first}`
  return [line, ...continued, ...below]
}
