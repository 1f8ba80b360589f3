import type { StrayNode } from '../../cluster/index.ts'
import type { ClusterSpec } from '../../config/index.ts'
import { exitCodes, UserError } from '../../core/index.ts'
import type { Evaluation } from '../../engine/index.ts'
import type { Prune } from './cluster-run.ts'
import { nodesOf, otherNodes } from './other-nodes.ts'

/**
 * The nodes to remove although the file does not have them. Throws UserError if it is not known which nodes there are, or if
 * one of the named nodes is not in the cluster or is in the file. Pure.
 */
export function strayNodes(
  evaluation: Pick<Evaluation, 'graph' | 'snapshots'>,
  { file, hosts, leaving }: Pick<ClusterSpec, 'file' | 'hosts' | 'leaving'>,
  prune: Prune,
): readonly StrayNode[] {
  const known = nodesOf(evaluation)
  if (known === undefined) throw unknownNodes()
  const others = otherNodes(evaluation, { hosts: [...hosts, ...leaving] })
  if (prune !== 'all') {
    const present = prune.filter(name => hosts.some(host => host.name === name))
    if (present.length > 0) throw isPresent(present, file)
    const absent = prune.filter(name => leaving.some(host => host.name === name))
    if (absent.length > 0) throw isAbsent(absent, file)
    const unknown = prune.filter(name => !others.includes(name))
    if (unknown.length > 0) throw isUnknown(unknown, others)
  }
  const servers = new Set(known.servers)
  return others
    .filter(name => prune === 'all' || prune.includes(name))
    .map(name => ({ name, isControlPlane: servers.has(name) }))
}

function unknownNodes(): UserError {
  return new UserError({
    problem: 'The API server does not answer, so it is not known which nodes the cluster has. Nothing was written.',
    expected: 'an answer of the API server',
    next: 'Find out why: evcctl status',
  })
}

function isPresent(names: readonly string[], file: string): UserError {
  const all = names.join(', ')
  return badInput({
    where: all,
    problem: `${names.length === 1 ? 'This host is' : 'These hosts are'} in ${file} as a part of the cluster.`,
    expected: 'a node that the file does not have',
    next: `Set state: absent for ${all} in ${file}; then: evcctl apply ${file}. So evcctl can reach and clean the host.`,
  })
}

function isAbsent(names: readonly string[], file: string): UserError {
  return badInput({
    where: names.join(', '),
    problem: `${names.length === 1 ? 'This host has' : 'These hosts have'} state: absent in ${file} already.`,
    next: `evcctl apply ${file}`,
  })
}

function isUnknown(names: readonly string[], others: readonly string[]): UserError {
  return badInput({
    where: names.join(', '),
    problem: `The cluster has no such ${names.length === 1 ? 'node' : 'nodes'}.`,
    expected: others.length === 0 ? 'nothing: all nodes of the cluster are in the file' : others.join(', '),
    next: 'evcctl status names the nodes that there are.',
  })
}

function badInput(details: ConstructorParameters<typeof UserError>[0]): UserError {
  return new UserError(details, { exitCode: exitCodes.badInput })
}
