import type { PlannedChange } from '../../report/index.ts'
import type { CheckResult } from './check-result.ts'
import type { Cause } from './classify.ts'

/** A check as metrics need it. */
export interface CheckedRun {
  readonly cluster: string
  /** Names of all hosts of the cluster file. */
  readonly hosts: readonly string[]
  /** Undefined if the check has failed. */
  readonly result: CheckResult | undefined
  /** When it ended, ms since the epoch. */
  readonly at: number
  /** How long it took, ms. */
  readonly ms: number
}

type Labels = Readonly<Record<string, string>>
type Sample = readonly [Labels, number]

/**
 * The metrics of a check in the text format of Prometheus (version 0.0.4), for node_exporter's textfile collector. Sums over the
 * cluster are always there; a host and role is there only if it differs, because there may be a thousand hosts.
 */
export function prometheusText({ cluster, hosts, result, at, ms }: CheckedRun): string {
  const all: readonly Sample[] = [[{ cluster }, 1]]
  const one = (value: number): readonly Sample[] => all.map(([labels]) => [labels, value])
  const complete = result !== undefined && result.view.unreachable.length === 0 && result.view.errors.length === 0
  const families = [
    family('evcctl_check_success', 'Whether the last check has read every host and every task.', one(complete ? 1 : 0)),
    family('evcctl_check_timestamp_seconds', 'When the last check ended.', one(at / 1000)),
    family('evcctl_check_duration_seconds', 'How long the last check took.', one(ms / 1000)),
  ]
  if (result === undefined) return families.join('')
  const { changes, lockedBy } = result
  const sum = (cause: Cause) => one(changes[cause].length)
  const own = (cause: Cause) => byHostAndRole(cluster, changes[cause])
  const read = hosts.map((host): Sample => [{ cluster, host }, result.hosts.has(host) ? 1 : 0])
  const applied = [...result.hosts].flatMap(([host, record]): Sample[] =>
    record === undefined ? [] : [[{ cluster, host }, record.at / 1000]],
  )
  return [
    ...families,
    family('evcctl_check_drift', 'Changes on all hosts that nobody asked for since the last apply.', sum('drift')),
    family('evcctl_check_pending', 'Changes that the cluster file or evcctl asks for, not applied yet.', sum('asked')),
    family('evcctl_check_unrecorded', 'Differences that no host has a record for.', sum('unrecorded')),
    family(
      'evcctl_check_errors',
      'Tasks whose state could not be read, or cannot be changed.',
      one(result.view.errors.length),
    ),
    family('evcctl_drift', 'The same as evcctl_check_drift by host and role, where there is any.', own('drift')),
    family('evcctl_pending', 'The same as evcctl_check_pending by host and role, where there is any.', own('asked')),
    family(
      'evcctl_unrecorded',
      'The same as evcctl_check_unrecorded by host and role, where there is any.',
      own('unrecorded'),
    ),
    family('evcctl_host_read', 'Whether the host could be read and is fit for the cluster.', read),
    family('evcctl_host_applied_timestamp_seconds', 'When an apply last changed the record of the host.', applied),
    family('evcctl_apply_running', 'Whether another run of evcctl is at work.', one(lockedBy === undefined ? 0 : 1)),
  ].join('')
}

function byHostAndRole(cluster: string, changes: readonly PlannedChange[]): readonly Sample[] {
  const groups = Map.groupBy(changes, ({ host, role }) => JSON.stringify([host, role]))
  return [...groups.values()].map(group => [{ cluster, host: group[0]!.host, role: group[0]!.role }, group.length])
}

function family(name: string, help: string, samples: readonly Sample[]): string {
  if (samples.length === 0) return ''
  const lines = samples.map(([labels, value]) => `${name}{${labelsText(labels)}} ${value}\n`)
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${lines.join('')}`
}

function labelsText(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${value.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`)
    .join(',')
}
