import { wrap } from './layout.ts'
import { count, formatDuration } from './measures.ts'
import { createPaint, type Paint } from './paint.ts'
import { batchLines } from './plan-batches.ts'
import { changeText } from './plan-change.ts'
import { groupByHosts, sectionLines } from './plan-groups.ts'
import {
  hasChanges,
  type PlanCounts,
  type PlanInput,
  type PlannedChange,
  type PlanView,
  planView,
} from './plan-view.ts'
import { printable } from './printable.ts'
import { hostNames, type NamedHost, problemLines, taskProblemLines } from './problems.ts'
import { sameErrors } from './same-errors.ts'
import { upgradeLines } from './upgrade-report.ts'

/** What the head of a plan shows of the cluster; a ClusterSpec has all of it. */
export interface PlanSubject {
  readonly file: string
  readonly name: string
  readonly hosts: readonly NamedHost[]
  readonly kubernetes: { readonly version: string }
  readonly runtime: { readonly name: string; readonly version: string }
  readonly network: { readonly cni: string }
}

/** A remark of the run; without a host it is about the cluster. */
export interface Note {
  readonly host?: string
  readonly text: string
}

export interface PlanOptions {
  /** Show files line by line. */
  readonly diff?: boolean
  readonly colour?: boolean
  /** Terminal columns; undefined: lines are not broken. */
  readonly width?: number
  /** How long it took to read the hosts, and in how many exchanges; shown in the head. */
  readonly reading?: { readonly ms: number; readonly exchanges: number }
  /** The holder of the cluster's lock, if there is one. */
  readonly lockedBy?: string
  /** Remarks that people should know besides the changes, e.g. that a check was ignored. */
  readonly notes?: readonly Note[]
  /** What a plan without changes says of the hosts; default `as described in FILE`. */
  readonly nothing?: string
  /** The command that applies the plan. Apply leaves it out, because it asks for confirmation instead. */
  readonly next?: string
}

/** A plan for people: changes grouped by the hosts that share them, then by role; counts and the next command last. */
export function renderPlan(input: PlanInput, subject: PlanSubject, options: PlanOptions = {}): string {
  const paint = createPaint(options.colour ?? false)
  const view = planView(input)
  const problems = problemSections(view, subject.hosts, paint)
  const locked =
    options.lockedBy === undefined ? [] : [paint.changed(`Another run is at work: ${printable(options.lockedBy)}`), '']
  const width = options.width ?? Number.POSITIVE_INFINITY
  const upgrade = input.upgrade === undefined ? [] : [...upgradeLines(input.upgrade, paint), '']
  const notes = noteSections(options.notes ?? [], width, paint)
  if (!hasChanges(view)) {
    const read = subject.hosts.length - view.unreachable.length
    const rest =
      view.errors.length > 0
        ? `${count(read, 'host')}; ${whyUnjudged(input)}. No other changes.`
        : `${count(read, 'host')} ${options.nothing ?? `as described in ${subject.file}`}. No changes.`
    return [...locked, ...problems, ...upgrade, ...notes, `${paint.strong(subject.name)}: ${rest}`].join('\n')
  }
  const lines = [
    `${paint.strong(subject.name)}: ${describe(subject)}`,
    ...readingLine(subject, view.unreachable.length, options, paint),
    '',
    ...locked,
    ...problems,
    ...changeSections(view.changes, subject.hosts, options, paint),
    ...notes,
    ...upgrade,
    ...batchLines(view.batches, width, paint),
    `${countsText(view.counts)}.`,
  ]
  if (options.next !== undefined) lines.push(`Nothing was written. To do this: ${options.next}`)
  return lines.join('\n')
}

function whyUnjudged({ errors, refused }: PlanInput): string {
  const refusals = [...(errors?.keys() ?? [])].filter(id => refused?.has(id)).length
  if (refusals === 0) return 'the tasks above could not be compared'
  if (refusals === errors?.size) return 'evcctl cannot change the tasks above'
  return 'evcctl could not compare the tasks above, or cannot change them'
}

/** The hosts and tasks that could not be read, each with an empty line after it. The same error of many hosts is shown once. */
export function problemSections(view: PlanView, hosts: readonly NamedHost[], paint: Paint): readonly string[] {
  const unread = sameErrors(
    view.unreachable,
    ({ error }) => error,
    ({ unfit }) => unfit,
  ).flatMap(({ all, error }) => {
    const names = all.map(({ host }) => host)
    const [are, them] = names.length === 1 ? ['is', 'it'] : ['are', 'them']
    const what = all[0].unfit ? `${are} not fit for the cluster` : 'could not be read'
    return [...problemLines(`${hostNames(names)} ${what}; nothing is planned for ${them}`, error, paint), '']
  })
  return [...unread, ...taskProblemLines(view.errors, hosts, paint).flatMap(lines => [...lines, ''])]
}

/** Changes as a plan shows them: grouped by the hosts that share them, then by role. */
export function changeSections(
  changes: readonly PlannedChange[],
  hosts: readonly NamedHost[],
  { diff = false, width }: PlanOptions,
  paint: Paint,
): readonly string[] {
  const texts = changes.map(change => ({ change, text: changeText(change, { diff, paint }) }))
  const order = hosts.map(host => host.name)
  return groupByHosts(texts, order).flatMap(group => [...sectionLines(group, width, paint), ''])
}

/** Remarks, each with an empty line after it. */
export function noteSections(notes: readonly Note[], width: number, paint: Paint): readonly string[] {
  return foldedNotes(notes).flatMap(note => [...wrap(noteLine(note, paint), width), ''])
}

// The same note for many hosts is shown once.
function foldedNotes(notes: readonly Note[]): readonly Note[] {
  return [...Map.groupBy(notes, ({ text }) => text)].flatMap(([text, same]) => {
    const hosts = same.flatMap(({ host }) => host ?? [])
    return hosts.length === 0 ? [{ text }] : [{ host: hostNames(hosts), text }]
  })
}

/** One note, as a plan and a live run show it. */
export function noteLine({ host, text }: Note, paint: Paint): string {
  return `${paint.changed('note')}  ${host === undefined ? '' : `${printable(host)}  `}${printable(text)}`
}

/** `117 to create, 6 to change, 3 to remove`; kinds that do not occur are left out. */
export function countsText(counts: PlanCounts): string {
  const parts: [number, string][] = [
    [counts.create, 'to create'],
    [counts.update, 'to change'],
    [counts.delete, 'to remove'],
    [counts.restart, 'to restart'],
    [counts.run, 'to run'],
    [counts.knownAfterApply, 'known after apply'],
    [counts.inDesiredState, 'in desired state'],
  ]
  return parts
    .filter(([number]) => number > 0)
    .map(([number, what]) => `${number} ${what}`)
    .join(', ')
}

function describe(subject: PlanSubject): string {
  const { kubernetes, runtime, network } = subject
  const cni = network.cni === 'none' ? [] : [network.cni]
  return [count(subject.hosts.length, 'host'), `Kubernetes ${kubernetes.version}`, runtimeLabel(runtime), ...cni].join(
    ', ',
  )
}

/**
 * The container runtime and its version, e.g. `containerd 2.3.4`. With Docker, only the version of cri-dockerd is known.
 */
export function runtimeLabel({ name, version }: PlanSubject['runtime']): string {
  return name === 'docker' ? `docker with cri-dockerd ${version}` : `${name} ${version}`
}

function readingLine(subject: PlanSubject, unreachable: number, { reading }: PlanOptions, paint: Paint): string[] {
  if (reading === undefined) return []
  const hosts = subject.hosts.length - unreachable
  // Some of the exchanges may have been with the hosts that failed.
  const each =
    unreachable === 0 && reading.exchanges % hosts === 0
      ? `${count(reading.exchanges / hosts, 'exchange')} each`
      : undefined
  const how = each ?? count(reading.exchanges, 'exchange')
  return [paint.faint(`read ${count(hosts, 'host')} in ${formatDuration(reading.ms)} (${how})`)]
}
