import { formatDuration } from './measures.ts'
import type { Paint } from './paint.ts'
import { printable } from './printable.ts'

/** One thing that was looked at before an upgrade. */
export interface UpgradeRemark {
  /** `blocker`: the upgrade does not begin. `warning`: it may stop there, or loses something. `unknown`: it could not be found out. */
  readonly is: 'fine' | 'warning' | 'blocker' | 'unknown'
  /** What it is about, in a word or two, e.g. `drains`. */
  readonly about: string
  readonly text: string
}

/** What has to be known before an upgrade; it is part of the plan. */
export interface UpgradeReport {
  /** The versions that the nodes have, without `v`, the oldest first. */
  readonly from: readonly string[]
  /** The versions that the control plane passes through in between, the oldest first. */
  readonly through: readonly string[]
  readonly to: string
  readonly remarks: readonly UpgradeRemark[]
  /** How long the upgrade may take, ms, and what that is based on. */
  readonly expected: { readonly ms: number; readonly basis: string }
}

const marks = { fine: '✔', warning: '!', blocker: '✘', unknown: '?' } as const

/** The report as lines of text, without an empty line at its end. */
export function upgradeLines({ from, through, to, remarks, expected }: UpgradeReport, paint: Paint): readonly string[] {
  const width = Math.max(...remarks.map(({ about }) => about.length), 'time'.length)
  const line = (mark: string, about: string, text: string) =>
    `  ${mark} ${about.padEnd(width)}  ${printable(text).replaceAll('\n', `\n${' '.repeat(width + 6)}`)}`
  const lines = remarks.map(({ is, about, text }) => {
    const plain = line(marks[is], about, text)
    return is === 'fine' ? plain : paint.changed(plain)
  })
  const time = line(' ', 'time', `about ${formatDuration(expected.ms)}: ${expected.basis}`)
  const way = through.length === 0 ? '' : `, the control plane through ${through.join(', ')}`
  return [`Before the upgrade from ${from.join(', ')} to ${to}${way}:`, ...lines, time]
}
