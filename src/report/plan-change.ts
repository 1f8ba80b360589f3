import { structuredPatch } from 'diff'
import { columnsOf, cut, table } from './layout.ts'
import { count } from './measures.ts'
import type { Paint } from './paint.ts'
import type { PlannedChange, PlannedField } from './plan-view.ts'
import { printable } from './printable.ts'

/** One change as it is shown: sign, title, a remark beside it, and lines below it. */
export interface ChangeText {
  readonly sign: string
  readonly title: string
  readonly remark: string
  readonly below: readonly string[]
}

const signs: Record<PlannedChange['action'], string> = { create: '+', update: '~', delete: '-', restart: '↻', run: '>' }
/** Longer values are cut unless all of the difference is asked for. */
const valueColumns = 60

/** Words for one change; with `diff`, files line by line and values at full length. */
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
  const below: string[] = []
  const fields: string[][] = []
  const remarks: string[] = []
  if (!change.certain) remarks.push(`may change; known after apply (${change.waitingOn.map(printable).join(', ')})`)
  if (change.action === 'restart') remarks.push('restart')
  const alike = sameAfter(change.fields)
  if (alike !== undefined) remarks.push(alike)
  const single = change.fields.length === 1
  for (const field of alike === undefined ? change.fields : []) {
    const text = fieldText(field, change, diff)
    // A file has one field of substance, and its title is its name already.
    if (isText(field)) remarks.push(field.field === 'content' ? text : `${printable(field.field)}: ${text}`)
    else if (single && (field.field === '' || field.field === change.title.split(' ')[0])) remarks.push(text)
    else fields.push([printable(field.field), text])
    if (diff && isText(field) && field.knownAfter === undefined) below.push(...diffLines(field, paint))
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

// `conntrack, ethtool, socat: installed`: several fields of which nothing but their names differs.
function sameAfter(fields: readonly PlannedField[]): string | undefined {
  const after = fields[0]?.after
  if (fields.length < 2 || after === undefined || after === '' || after.includes('\n')) return undefined
  if (fields.some(field => field.before !== undefined || field.after !== after)) return undefined
  return `${fields.map(field => printable(field.field)).join(', ')}: ${value(after, false)}`
}

function isText(field: PlannedField): boolean {
  return field.before?.includes('\n') === true || field.after?.includes('\n') === true
}

function fieldText(field: PlannedField, change: PlannedChange, diff: boolean): string {
  if (field.knownAfter !== undefined) {
    const from = `known after apply (${printable(field.knownAfter)})`
    return field.before === undefined || isText(field) ? from : `${value(field.before, diff)} → ${from}`
  }
  if (isText(field)) {
    if (field.before === field.after) return 'what differs is hidden'
    const { added, removed } = lineCounts(field)
    if (field.before === undefined) return count(added, 'line')
    if (added === 0) return `${count(removed, 'line')} removed`
    return `${count(added, 'line')} added${removed === 0 ? '' : `, ${removed} removed`}`
  }
  if (field.before === undefined) return field.after === undefined ? '' : value(field.after, diff)
  if (field.after === undefined)
    return change.action === 'delete' ? value(field.before, diff) : `${value(field.before, diff)} → (none)`
  return `${value(field.before, diff)} → ${value(field.after, diff)}`
}

function value(text: string, whole: boolean): string {
  const shown = printable(text)
  if (shown === '') return '(empty)'
  return whole ? shown : cut(shown, valueColumns)
}

function lineCounts(field: PlannedField): { added: number; removed: number } {
  let [added, removed] = [0, 0]
  for (const line of patchLines(field)) {
    if (line.startsWith('+')) added += 1
    else if (line.startsWith('-')) removed += 1
  }
  return { added, removed }
}

function diffLines(field: PlannedField, paint: Paint): string[] {
  return patchLines(field).map(line => {
    const shown = printable(line)
    if (line.startsWith('+')) return paint.good(shown)
    return line.startsWith('-') ? paint.bad(shown) : paint.faint(shown)
  })
}

// Unified diff without the file header; hunks after the first begin with their `@@` line.
function patchLines(field: PlannedField): string[] {
  const { hunks } = structuredPatch('', '', field.before ?? '', field.after ?? '', '', '', { context: 3 })
  return hunks.flatMap((hunk, index) => {
    const at = index === 0 && hunk.oldStart <= 1 ? [] : [`@@ line ${hunk.newStart} @@`]
    return [...at, ...hunk.lines]
  })
}
