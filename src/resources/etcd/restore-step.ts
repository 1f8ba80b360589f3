import type { ErrorDetails } from '../../core/error-details.ts'
import type { FieldChange, Resource, Step } from '../../core/resource.ts'
import { syncLine } from '../../shell/on-disk.ts'
import { quote } from '../../shell/quote.ts'
import { linesOf, refuse } from '../support/index.ts'

/** What is recorded of a restore on each host that takes part. */
export const restoreRecord = {
  folder: '/var/lib/evcctl/etcd-restore',
  state: '/var/lib/evcctl/etcd-restore/state',
  /** The archive, until the restore has ended. */
  archive: '/var/lib/evcctl/etcd-restore/snapshot.tar.gz',
  db: '/var/lib/evcctl/etcd-restore/snapshot.db',
} as const

const { folder, state } = restoreRecord

/** A restore as a host has recorded it. */
export interface RestoreState {
  /** Tells one restore from all others; undefined: none was ever begun here. */
  readonly attempt: string | undefined
  /** The sha256 of the archive. */
  readonly archive: string | undefined
  /** See membersDigest(); undefined: an evcctl before this field has begun it. */
  readonly members: string | undefined
  /** The steps that are done. */
  readonly done: ReadonlySet<string>
}

/** The script that prints the record, and its parser. */
export const restoreProbe = {
  script: `[ ! -f ${state} ] || cat ${state}\n`,
  parse(raw: Parameters<typeof linesOf>[0]): RestoreState {
    const [attempt] = linesOf(raw, 'attempt').filter(value => /^[0-9a-f]{16}$/.test(value))
    const [archive] = linesOf(raw, 'archive').filter(value => /^[0-9a-f]{64}$/.test(value))
    const [members] = linesOf(raw, 'members').filter(value => /^[0-9a-f]{32}$/.test(value))
    const undone = linesOf(raw, 'undone')
    return { attempt, archive, members, done: new Set(linesOf(raw, 'done').filter(step => !undone.includes(step))) }
  },
}

/** Whether a restore was begun and has not ended. */
export function isUnfinished({ attempt, done }: RestoreState): boolean {
  return attempt !== undefined && !done.has('end')
}

export interface RestoreStepParameters {
  /** The restore: the same on all hosts; 16 hexadecimal digits. */
  readonly attempt: string
  /** Unique among the steps of a host; one word. `begin` is the first, `end` the last. */
  readonly step: string
  readonly title: string
  readonly fields: readonly FieldChange[]
  readonly note?: string
  /** In place of `note` on a host where etcd serves what this restore has restored already. */
  readonly noteOnceRestored?: string
  readonly steps: readonly Step[]
  /** Lines of sh that fail where something has undone the step since: then it is to be done again. Default: nothing can. */
  readonly stays?: string
  readonly explain: (said: string) => ErrorDetails
  readonly refused?: ErrorDetails
}

/**
 * One step of a restore on a host. The host records that it is done, under the name of this restore: so a run that was cut
 * off anywhere is taken up again where it was, and a later restore of the same archive does everything again.
 */
export function restoreStep(parameters: RestoreStepParameters): Resource<RestoreState, { readonly attempt: string }> {
  const { attempt, step, title, fields, steps, stays, explain, refused } = parameters
  return {
    kind: 'etcd restore',
    name: step,
    title,
    probe: stays === undefined ? restoreProbe : { ...restoreProbe, script: probeScript(step, stays) },
    desired: { attempt },
    diff(current) {
      if (current.attempt === attempt && current.done.has(step)) return undefined
      if (refused !== undefined) return refuse(refused, ...fields)
      const isRestored = current.attempt === attempt && (current.done.has('well') || current.done.has('serve'))
      const note = (isRestored ? parameters.noteOnceRestored : undefined) ?? parameters.note
      return { action: 'run', fields, ...(note === undefined ? {} : { note }) }
    },
    converge: () => [...steps, { run: recordScript(step) }],
    explain: failure => explain(failure.stderr.trim() || failure.stdout.trim()),
  }
}

/** Lines of sh that begin the record of a restore. `members`: see membersDigest(). */
export function beginScript(attempt: string, archive: string, members: string): string {
  return `mkdir -p ${folder}
chmod 700 ${folder}
printf '%s\\n' ${quote(`attempt=${attempt}`)} ${quote(`archive=${archive}`)} ${quote(`members=${members}`)} >${state}.next
${syncLine(`${state}.next`)}
mv -fT ${state}.next ${state}
${syncLine(folder)}
`
}

function probeScript(step: string, stays: string): string {
  return `${restoreProbe.script}if ! (
${stays}); then echo ${quote(`undone=${step}`)}; fi
`
}

function recordScript(step: string): string {
  return `echo ${quote(`done=${step}`)} >>${state}\n${syncLine(state)}\n`
}

/**
 * A host on which no restore was cut off. Until it is finished its member may be down, or have other data than the others,
 * so nothing else is changed.
 */
export function noUnfinishedRestore(): Resource<RestoreState, Record<never, never>> {
  return {
    kind: 'etcd restore',
    name: 'unfinished',
    title: 'unfinished restore of etcd',
    probe: restoreProbe,
    desired: {},
    diff(current) {
      if (!isUnfinished(current)) return undefined
      return refuse({
        problem: 'A restore of etcd was cut off on this host.',
        expected: 'a restore that has ended',
        actual: `done so far: ${[...current.done].join(', ') || 'nothing'}; archive with the sha256 ${current.archive ?? '?'}`,
        next: `Finish it with the same archive: evcctl etcd restore --from ARCHIVE. To give it up, on every control plane node and etcd host: rm -r ${folder}`,
      })
    },
    converge: () => [{ run: `echo 'the restore has to be finished first' >&2\nexit 1\n` }],
  }
}
