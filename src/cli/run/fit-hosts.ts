import { hasEtcdHosts, type Inventory, inventoryOf, isControlPlane, isEtcdHost } from '../../cluster/index.ts'
import { type ErrorDetails, formatError, HostError, type TaskId, UserError, UserErrors } from '../../core/index.ts'
import type { Evaluation } from '../../engine/index.ts'
import type { ClusterSpec, HostFacts } from '../../index.ts'
import { checkHosts } from '../../preflight/index.ts'

export interface FitHosts {
  /** The hosts that can be, or become, part of the cluster. */
  readonly fit: ReadonlyMap<string, HostFacts>
  /** The others, each with all that is wrong with it. */
  readonly unfit: ReadonlyMap<string, HostError>
}

/**
 * Separates the hosts that preflight finds unfit. Each of them fails alone, like a host that does not answer, if the run
 * can go on without it. Throws all findings if it cannot: if one of them is the host through which the cluster is managed
 * or on which it begins, or a host of a new etcd. `failed` are the hosts that could not be read.
 */
export function setUnfitAside(inventory: Inventory, failed: ReadonlyMap<string, HostError>): FitHosts {
  const { spec, distribution, facts, secrets } = inventory
  const findings = checkHosts(inventory)
  const names = new Set(findings.map(({ host }) => host))
  const fit = new Map([...facts].filter(([host]) => !names.has(host)))
  if (findings.length > 0 && cannotGoOn(inventory, inventoryOf(spec, distribution, fit, secrets))) {
    throw new UserErrors([...findings.map(({ error }) => error), ...failed.values()])
  }
  const byHost = Map.groupBy(findings, ({ host }) => host)
  const unfit = [...byHost].map(([host, own]) => {
    const errors = own.map(({ error }) => error.details)
    return [host, unfitHost(host, errors)] as const
  })
  return { fit, unfit: new Map(unfit) }
}

/**
 * Throws UserErrors if no host that answers is a control plane node, but a silent host may be one: kubeadm init on another
 * host would then create a second cluster beside it.
 */
export function refuseSecondCluster(
  { spec, facts, firstHost, leaving }: Inventory,
  failed: ReadonlyMap<string, HostError>,
): void {
  if (spec.hosts.some(({ name }) => facts.get(name)?.kubernetes.controlPlane === true)) return
  // kubeadm init has already begun on this host, and will continue there.
  if (facts.get(firstHost.name)?.kubernetes.adminConf === true) return
  const silent = spec.hosts.filter(host => isControlPlane(host) && failed.has(host.name))
  if (silent.length === 0) {
    refuseLastControlPlane(spec, leaving)
    return
  }
  const nodes = [...facts].flatMap(([host, { kubernetes }]) => (kubernetes.kubeletConf ? [host] : []))
  const known = nodes.length === 0 ? '' : ` ${nodes.join(', ')}: a node of a cluster already.`
  const names = silent.map(({ name }) => name).join(', ')
  const error = new UserError({
    where: `${spec.file} spec.hosts`,
    problem: `No control plane node answers, and it is not known whether ${names} is one: a new cluster could be the second one.${known} Nothing was written.`,
    expected: 'an answer of every control plane host, until one of them is a control plane node',
    actual: `no answer of ${names}`,
    next: `Bring it back, or take it out of ${spec.file} until it is there.`,
  })
  throw new UserErrors([error, ...failed.values()])
}

// Where none of the hosts that stay is a control plane node, kubeadm init on one of them would make another cluster.
function refuseLastControlPlane({ file, hosts }: ClusterSpec, leaving: Inventory['leaving']): void {
  const last = leaving.filter(one => one.facts?.kubernetes.controlPlane ?? one.isControlPlane)
  if (last.length === 0) return
  const names = last.map(({ name }) => name).join(', ')
  const joining = hosts.filter(isControlPlane).map(({ name }) => name)
  throw new UserError({
    where: `${file} spec.hosts`,
    problem: `${names}: the last ${last.length === 1 ? 'control plane node' : `${last.length} control plane nodes`} of the cluster cannot be removed.`,
    expected: 'at least one control plane node that runs already and stays',
    actual: `0 stay: ${joining.join(', ')} ${joining.length === 1 ? 'is' : 'are'} none yet`,
    next: `Let ${joining.join(', ')} join first, with ${names} present: evcctl apply ${file}; then set state: absent again. If the cluster of ${names} is gone for good, take ${names} out of ${file}.`,
  })
}

/**
 * The workers on which a resource refuses its desired state, each with all that is wrong there. The run can go on without
 * any of them, so one bad worker must not stop it. A refusal on a control plane node or an etcd host concerns the whole
 * cluster, so those hosts are not in the result, and the refusal stops the run.
 */
export function refusingWorkers(
  { hosts }: ClusterSpec,
  { graph, refused, errors }: Pick<Evaluation, 'graph' | 'refused' | 'errors'>,
): ReadonlyMap<string, HostError> {
  const workers = new Set(hosts.filter(({ roles }) => roles.every(role => role === 'worker')).map(({ name }) => name))
  const own = [...refused].filter(id => workers.has(graph.tasks.get(id)!.host))
  const byHost = Map.groupBy(own, id => graph.tasks.get(id)!.host)
  const errorsOf = (ids: readonly TaskId[]) => ids.map(id => errors.get(id)!)
  return new Map([...byHost].map(([host, ids]) => [host, unfitHost(host, errorsOf(ids))]))
}

// If there is a cluster, the first host that is left must be part of it: any other host would create a second cluster.
function cannotGoOn(all: Inventory, fit: Inventory): boolean {
  const { spec, facts } = all
  const stands = [...facts.values()].some(({ kubernetes }) => kubernetes.controlPlane)
  const unfitEtcd = spec.hosts.some(host => isEtcdHost(host) && facts.has(host.name) && !fit.facts.has(host.name))
  if (unfitEtcd && beginsEtcd(all)) return true
  const first = fit.facts.get(fit.firstHost.name)
  return first === undefined || (stands && !first.kubernetes.controlPlane)
}

// All members of a new etcd cluster start together, so none of their hosts may be missing.
function beginsEtcd({ spec, facts }: Inventory): boolean {
  return hasEtcdHosts(spec) && !spec.hosts.some(host => isEtcdHost(host) && isMember(facts.get(host.name)))
}

function isMember(facts: HostFacts | undefined): boolean {
  return facts?.etcd.own === true && facts.etcd.data === 'formed'
}

function unfitHost(host: string, errors: readonly ErrorDetails[]): HostError {
  const [only, ...more] = errors
  return new HostError(host, 'unfit', more.length === 0 ? only! : together([only!, ...more]))
}

function together(all: readonly ErrorDetails[]): ErrorDetails {
  return {
    ...(all[0]!.where === undefined ? {} : { where: all[0]!.where }),
    problem: `There are ${all.length} things wrong with it.`,
    actual: all.map(({ where: _, ...details }) => formatError(details)).join('\n'),
  }
}
