import { resetAll, resetHosts } from '../../../playbooks/reset.ts'
import { isControlPlane } from '../../cluster/index.ts'
import type { ClusterSpec } from '../../config/index.ts'
import { type ExitCode, exitCodes, UserError } from '../../core/index.ts'
import { evaluateReset } from '../run/evaluate-reset.ts'
import { confirmWord } from '../terminal/ask.ts'
import { type ApplyActionOptions, apply } from './apply.ts'
import { plan } from './plan.ts'

export interface ResetOptions {
  readonly file: string
  /** Names of hosts; empty with `all`. */
  readonly names: readonly string[]
  /** All hosts of the file. */
  readonly all: boolean
  readonly output: 'text' | 'json'
  readonly parallel: number
  /** The name of the cluster, so that nobody is asked for it. */
  readonly yes?: string
  readonly dryRun: boolean
}

/** What the plan says of what it does not take back; the whole list is in docs/operations/reset.md. */
const stays =
  'On hosts that are reset stay packages, logs, snapshots of etcd in /var/backups/evcctl, and folders that were there before evcctl.'

/**
 * `evcctl reset`: plans, asks for the name of the cluster, and takes hosts apart. Throws UserError if neither hosts nor all are
 * named, or a name is not in the file, or no control plane node would be left.
 */
export function reset({ file, names, all, yes, dryRun, output, parallel }: ResetOptions): Promise<ExitCode> {
  const command = ['evcctl reset', file, ...(all ? ['--all'] : names)].join(' ')
  const isNamed = names.length > 0
  if (all === isNamed) throw whichHosts(file, all)
  const forgetful = new Set(names)
  let cluster = ''
  const adapt = (spec: ClusterSpec): ClusterSpec => {
    if (yes !== undefined && yes !== spec.name) throw otherName(spec, yes, command)
    cluster = spec.name
    const notes = [...spec.notes, stays]
    if (!all) return { ...withLeaving(spec, names), notes }
    for (const host of [...spec.hosts, ...spec.leaving]) forgetful.add(host.name)
    return { ...spec, notes, hosts: [...spec.hosts, ...spec.leaving], leaving: [] }
  }
  const options: ApplyActionOptions = {
    file,
    operation: all ? resetAll : resetHosts(names),
    output,
    parallel,
    adapt,
    forgetful,
    needed: new Set(names),
    diff: false,
    yes: yes !== undefined,
    yesFlag: '--yes CLUSTER',
    again: command,
    nothing: all ? 'with nothing of evcctl on them' : `as described, with nothing of evcctl on ${names.join(', ')}`,
    next: all
      ? 'nothing is left to do; what stays on the hosts is in docs/operations/reset.md'
      : `set state: absent for ${names.join(', ')} in ${file}, or take them out, before the next evcctl apply`,
    ask: (run, signal) =>
      run.aside(() => {
        const what = all ? `the cluster ${cluster} and everything in it` : names.join(', ')
        return confirmWord(`\nThis takes ${what} apart. Type the name of the cluster to go on`, cluster, signal)
      }),
    ...(all ? { evaluate: evaluateReset } : {}),
  }
  return dryRun ? plan({ ...options, again: `${command} --yes CLUSTER`, exitCode: false }) : apply(options)
}

// The named hosts leave, as if they had state: absent.
function withLeaving(spec: ClusterSpec, names: readonly string[]): ClusterSpec {
  const known = [...spec.hosts, ...spec.leaving]
  const unknown = names.filter(name => !known.some(host => host.name === name))
  if (unknown.length > 0) throw unknownHosts(spec, unknown)
  const hosts = spec.hosts.filter(({ name }) => !names.includes(name))
  if (!hosts.some(isControlPlane)) throw noControlPlane(spec)
  return { ...spec, hosts, leaving: [...spec.leaving, ...spec.hosts.filter(({ name }) => names.includes(name))] }
}

function whichHosts(file: string, all: boolean): UserError {
  return badInput({
    where: 'evcctl reset',
    problem: all ? 'Hosts are named, and --all as well.' : 'No host is named.',
    expected: 'names of hosts, or --all',
    next: `One host: evcctl reset ${file} NAME. The whole cluster: evcctl reset ${file} --all`,
  })
}

function unknownHosts({ file, hosts, leaving }: ClusterSpec, names: readonly string[]): UserError {
  return badInput({
    where: names.join(', '),
    problem: `${file} has no such ${names.length === 1 ? 'host' : 'hosts'}.`,
    expected: [...hosts, ...leaving].map(({ name }) => name).join(', '),
    next: `A node that only the cluster has is removed with: evcctl remove ${names.join(' ')} ${file}`,
  })
}

function noControlPlane({ file }: ClusterSpec): UserError {
  return badInput({
    where: file,
    problem: 'No control plane node would be left, so the cluster would be gone. Nothing was read or written.',
    expected: 'at least one control plane node that stays',
    next: `To take the whole cluster apart: evcctl reset ${file} --all`,
  })
}

function otherName({ file, name }: ClusterSpec, given: string, command: string): UserError {
  return badInput({
    where: '--yes',
    problem: `${file} describes another cluster. Nothing was read or written.`,
    expected: name,
    actual: given,
    next: `If it is the one that you mean: ${command} --yes ${name}`,
  })
}

function badInput(details: ConstructorParameters<typeof UserError>[0]): UserError {
  return new UserError(details, { exitCode: exitCodes.badInput })
}
