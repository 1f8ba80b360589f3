import { gt } from 'semver'
import { getsOtherVersion, type Inventory, untouchedServers } from '../../cluster/index.ts'
import { firstOf } from '../../core/shown.ts'
import type { Evaluation } from '../../engine/index.ts'
import { count, formatDuration, type UpgradeRemark, type UpgradeReport } from '../../report/index.ts'
import { type DrainedState, isRemovedIn, type UpgradeCheckState, upgradeBlockers } from '../../resources/drain/index.ts'
import { certificateRemark } from './upgrade-certificates.ts'
import { expectedTime } from './upgrade-time.ts'

type Evaluated = Pick<Evaluation, 'graph' | 'snapshots'>
type Checked = Pick<Inventory, 'spec' | 'distribution' | 'facts' | 'machines' | 'minorsOnTheWay'>

const mostNamed = 5

/**
 * What has to be known before the upgrade that a plan has; undefined if it has none. It comes from what the plan reads anyway:
 * facts, the drains, and one question to the API server of a control plane node. `now` is in ms since the epoch. Pure.
 */
export function upgradeReport(cluster: Checked, evaluated: Evaluated, now: number): UpgradeReport | undefined {
  const check = snapshotsOf<UpgradeCheckState>(evaluated, 'upgrade check')[0]
  if (check === undefined) return undefined
  const { spec, machines } = cluster
  const hosts = new Set([...evaluated.graph.tasks.values()].map(({ host }) => host))
  const changing = machines.filter(machine => getsOtherVersion(spec, machine) && hosts.has(machine.name))
  const drained = snapshotsOf<DrainedState>(evaluated, 'drain')
  const remarks = [
    ...apiRemarks(cluster, check.current),
    drainRemark(drained, spec.rollout.drain.timeout),
    certificateRemark(cluster, now),
  ]
  const versions = changing.flatMap(({ facts: { kubernetes } }) => [kubernetes.apiServer, kubernetes.kubelet])
  const known = versions.filter(version => version !== undefined).filter(version => version !== spec.kubernetes.version)
  // Another task refuses to go back, and tells why.
  if (known.some(version => gt(version, spec.kubernetes.version))) return undefined
  return {
    from: [...new Set(known)].sort((one, other) => one.localeCompare(other, 'en', { numeric: true })),
    through: cluster.minorsOnTheWay.map(({ version }) => version),
    to: spec.kubernetes.version,
    remarks,
    expected: expectedTime(spec, changing, { isDrained: drained.length > 0, way: cluster.minorsOnTheWay }),
  }
}

interface Read<State> {
  readonly name: string
  /** Undefined if it could not be read. */
  readonly current: State | undefined
}

function snapshotsOf<State>({ graph, snapshots }: Evaluated, kind: string): readonly Read<State>[] {
  return [...graph.tasks.values()]
    .filter(({ resource }) => resource.kind === kind)
    .map(({ id, resource }) => {
      const snapshot = snapshots.get(id)
      const current = snapshot !== undefined && 'current' in snapshot ? (snapshot.current as State) : undefined
      return { name: resource.name, current }
    })
}

function apiRemarks(cluster: Checked, state: UpgradeCheckState | undefined): readonly UpgradeRemark[] {
  if (state?.api !== 'answered') {
    const why = state?.api === 'unreachable' ? `: ${state.said}` : ''
    const text = `the API server did not answer in time, so nodes, APIs in use and etcd are not known${why}`
    return [{ is: 'unknown', about: 'cluster', text }, etcdRemark(cluster, undefined)]
  }
  const { version } = cluster.spec.kubernetes
  const untouched = untouchedServers(cluster.spec, cluster.facts, cluster.minorsOnTheWay)
  const blockers = upgradeBlockers(state, { version, untouched }).map(({ check, text }): UpgradeRemark => {
    const ignored = cluster.spec.preflight.ignore.includes(check)
    const about = check === 'upgradeNodes' ? 'nodes' : 'APIs'
    return { is: ignored ? 'warning' : 'blocker', about, text: ignored ? `${text}; ignored` : text }
  })
  return [
    ...blockers,
    ...nodeRemarks(state, new Set(untouched)),
    ...requestedRemarks(state, version),
    etcdRemark(cluster, state.etcd),
  ]
}

type Answered = Extract<UpgradeCheckState, { readonly api: 'answered' }>

function nodeRemarks({ nodes }: Answered, blocking: ReadonlySet<string>): readonly UpgradeRemark[] {
  const others = nodes.filter(({ name }) => !blocking.has(name))
  const notReady = others.filter(({ ready }) => ready !== 'True').map(({ name }) => name)
  const cordoned = others.filter(one => one.cordoned === 'by somebody else').map(({ name }) => name)
  const ready = nodes.filter(one => one.ready === 'True').length
  const warnings = [
    ...(notReady.length === 0 ? [] : [`not Ready: ${named(notReady)}`]),
    ...(cordoned.length === 0 ? [] : [`cordoned by somebody, and stays so: ${named(cordoned)}`]),
  ]
  return warnings.length > 0
    ? warnings.map(text => ({ is: 'warning', about: 'nodes', text }))
    : ready < nodes.length
      ? []
      : [{ is: 'fine', about: 'nodes', text: `${count(nodes.length, 'node')}, all Ready` }]
}

function requestedRemarks({ requested }: Answered, version: string): readonly UpgradeRemark[] {
  const about = 'APIs'
  if (requested === undefined)
    return [{ is: 'unknown', about, text: 'the API server did not tell in time which deprecated APIs are in use' }]
  if (requested.some(one => isRemovedIn(one, version))) return []
  const later = requested.map(({ name, removed }) => `${name} (until ${removed})`)
  const text = `no client has used one that ${version} removes, since this API server was started`
  return [{ is: 'fine', about, text: later.length === 0 ? text : `${text}; removed later: ${named(later)}` }]
}

function etcdRemark({ spec, facts }: Checked, answers: boolean | undefined): UpgradeRemark {
  const about = 'etcd'
  const reached =
    answers === undefined
      ? 'it is not known whether the API server reaches it'
      : answers
        ? 'the API server reaches it'
        : 'the API server does not reach it'
  const is = answers === undefined ? 'unknown' : answers ? 'fine' : 'warning'
  if (spec.etcd.topology === 'external' && !spec.etcd.managed)
    return { is, about, text: `${reached}; somebody else runs it` }
  const stacked = spec.etcd.topology === 'stacked'
  const members = spec.hosts.filter(({ roles }) => roles.includes(stacked ? 'control-plane' : 'etcd'))
  const silent = members.filter(({ name }) => !facts.has(name)).map(({ name }) => name)
  if (silent.length === 0)
    return { is, about, text: `${reached}; all hosts of its ${count(members.length, 'member')} answer` }
  return { is: 'warning', about, text: `${reached}; hosts of members that do not answer: ${named(silent)}` }
}

function drainRemark(drains: readonly Read<DrainedState>[], timeout: number): UpgradeRemark {
  const about = 'drains'
  if (drains.length === 0) return { is: 'fine', about, text: 'no node is drained' }
  const unknown = drains.filter(({ current }) => current?.api !== 'answered').map(({ name }) => name)
  const blocked = drains.flatMap(({ name, current }) =>
    current?.api === 'answered' ? (current.node?.eviction.blockers ?? []).map(blocker => `${name}: ${blocker}`) : [],
  )
  if (blocked.length > 0) {
    const end = `As things are, a drain waits ${formatDuration(timeout)} for that, and then the upgrade stops there.`
    return { is: 'warning', about, text: [...firstOf(blocked, mostNamed), end].join('\n') }
  }
  if (unknown.length > 0) return { is: 'unknown', about, text: `the pods are not known of ${named(unknown)}` }
  return { is: 'fine', about, text: `${count(drains.length, 'node')}; no PodDisruptionBudget holds a pod now` }
}

function named(names: readonly string[]): string {
  return firstOf(names, mostNamed).join(', ')
}
