import { structuredPatch } from 'diff'
import { firstOf } from '../core/index.ts'
import { columnsOf, cut, table } from './layout.ts'
import { count } from './measures.ts'
import type { Paint } from './paint.ts'
import type { PlannedChange, PlannedField } from './plan-view.ts'
import { printable } from './printable.ts'

/** One change as the plan shows it: a sign, a title, a remark beside the title, and lines below it. */
export interface ChangeText {
  readonly sign: string
  readonly title: string
  readonly remark: string
  readonly below: readonly string[]
}

const signs: Record<PlannedChange['action'], string> = { create: '+', update: '~', delete: '-', restart: '↻', run: '>' }
/** Longer values are cut unless the full difference is requested. */
const valueColumns = 60

/** The text of one change. With `diff`, it shows files line by line and values at full length. */
export function changeText(
  change: PlannedChange,
  options: { readonly diff: boolean; readonly paint: Paint },
): ChangeText {
  const { paint, diff } = options
  const colour = {
    create: paint.good,
    update: paint.changed,
    delete: paint.bad,
    restart: paint.changed,
    run: paint.good,
  }
  let below: readonly string[] = []
  const fields: string[][] = []
  const remarks: string[] = []
  if (!change.certain) remarks.push(`may change; known after apply (${change.waitingOn.map(printable).join(', ')})`)
  if (change.action === 'restart') remarks.push('restart')
  const alike = sameAfter(change.fields)
  if (alike !== undefined) remarks.push(alike)
  const single = change.fields.length === 1
  for (const field of alike === undefined ? change.fields : []) {
    const patch = isText(field) && field.knownAfter === undefined ? patchOf(field) : undefined
    const text = fieldText(field, change, patch, diff)
    // A file has only one field that matters, and the title already names the file.
    if (isText(field)) remarks.push(field.field === 'content' ? text : `${printable(field.field)}: ${text}`)
    else if (single && (field.field === '' || field.field === change.title.split(' ')[0])) remarks.push(text)
    else fields.push([printable(field.field), text])
    if (diff && patch !== undefined) below = [...below, ...diffLines(patch, paint)]
  }
  const inline = fields.map(cells => cells.join(' ').trim()).join(', ')
  const few = fields.length === 1 || (fields.length === 2 && remarks.length === 0 && columnsOf(inline) <= valueColumns)
  if (few) remarks.push(inline)
  if (change.note !== undefined) remarks.push(printable(change.note))
  // Which file has changed says more than the task that changes it.
  const cause = change.action === 'restart' && fields.length > 0 ? [] : change.because
  if (cause.length > 0) remarks.push(`because of ${cause.map(printable).join(', ')}`)
  return {
    sign: (change.certain ? colour[change.action] : paint.changed)(change.certain ? signs[change.action] : '?'),
    title: printable(change.title),
    remark: remarks.join('; '),
    below: [...(few ? [] : table(fields)), ...below],
  }
}

// Fields that differ only in their names share a line: `conntrack, ethtool, socat: installed`.
function sameAfter(fields: readonly PlannedField[]): string | undefined {
  const after = fields[0]?.after
  if (fields.length < 2 || after === undefined || after === '' || after.includes('\n')) return undefined
  if (fields.some(field => field.before !== undefined || field.after !== after)) return undefined
  return `${fields.map(field => printable(field.field)).join(', ')}: ${value(after, false)}`
}

function isText(field: PlannedField): boolean {
  return field.before?.includes('\n') === true || field.after?.includes('\n') === true
}

function fieldText(field: PlannedField, change: PlannedChange, patch: Patch | undefined, diff: boolean): string {
  if (field.knownAfter !== undefined) {
    const from = `known after apply (${printable(field.knownAfter)})`
    return field.before === undefined || isText(field) ? from : `${value(field.before, diff)} → ${from}`
  }
  if (patch !== undefined) {
    if (field.before === field.after) return 'the difference is hidden'
    const { added, removed, whole } = patch
    if (whole) return `too different to compare: ${count(removed, 'line')} replaced by ${added}`
    if (field.before === undefined) return count(added, 'line')
    if (added === 0) return `${count(removed, 'line')} removed`
    return `${count(added, 'line')} added${removed === 0 ? '' : `, ${removed} removed`}`
  }
  if (field.before === undefined) return field.after === undefined ? '' : value(field.after, diff)
  if (field.after === undefined)
    return change.action === 'delete' ? value(field.before, diff) : `${value(field.before, diff)} → (none)`
  if (field.before === field.after) return `${value(field.before, diff)} (the difference is hidden)`
  return `${value(field.before, diff)} → ${value(field.after, diff)}`
}

function value(text: string, whole: boolean): string {
  const shown = printable(text)
  if (shown === '') return '(empty)'
  return whole ? shown : cut(shown, valueColumns)
}

/** A unified diff without the file header; hunks after the first begin with their `@@` line. */
interface Patch {
  readonly lines: readonly string[]
  readonly added: number
  readonly removed: number
  /** True when too much differs for a comparison by line: all old lines are removed and all new ones added. */
  readonly whole: boolean
}

function diffLines({ lines }: Patch, paint: Paint): readonly string[] {
  return lines.map(line => {
    const shown = printable(line)
    if (line.startsWith('+')) return paint.good(shown)
    return line.startsWith('-') ? paint.bad(shown) : paint.faint(shown)
  })
}

// Beyond this many edits two files have almost nothing in common, and the comparison takes time in the square of it.
const mostEdits = 3_000
// A host decides how long its file is; the largest files that evcctl writes have some 10,000 lines.
const mostLines = 20_000

function patchOf({ before = '', after = '' }: PlannedField): Patch {
  // An empty side needs no comparison.
  const limit = before === '' || after === '' ? {} : { maxEditLength: mostEdits }
  const patch = structuredPatch('', '', before, after, '', '', { context: 3, ...limit })
  if (patch === undefined) return wholePatch(before, after)
  const lines = patch.hunks.flatMap((hunk, index) => {
    const at = index === 0 && hunk.oldStart <= 1 ? [] : [`@@ line ${hunk.newStart} @@`]
    return [...at, ...hunk.lines]
  })
  let [added, removed] = [0, 0]
  for (const line of lines) {
    if (line.startsWith('+')) added += 1
    else if (line.startsWith('-')) removed += 1
  }
  return { lines: firstOf(lines, mostLines), added, removed, whole: false }
}

function wholePatch(before: string, after: string): Patch {
  const [old, now] = [prefixed('-', before), prefixed('+', after)]
  const lines = [...firstOf(old, mostLines), ...firstOf(now, mostLines)]
  return { lines, added: now.length, removed: old.length, whole: true }
}

function prefixed(sign: string, text: string): readonly string[] {
  return text
    .replace(/\n$/, '')
    .split('\n')
    .map(line => `${sign}${line}`)
}
