import { minor, parse } from 'semver'
import {
  guard,
  isControlPlane,
  kubeletsBehind,
  kubeletsTooOld,
  type MinorOnTheWay,
  type Site,
  wasCutOff,
} from '../../src/index.ts'
import { hasMemberRunning, isRunningNode, leavesEtcdFirst } from '../standing.ts'

/**
 * Refuses an upgrade whose way through several minors Kubernetes does not support: kubelets that would be too old for the API
 * servers at its end, control plane nodes that would be left behind by more than one minor, and keys that a kubeadm on the way does
 * not know.
 */
export function guardMinors(on: Site): void {
  refuseOldKubelets(on)
  const { minorsOnTheWay } = on.inventory
  if (minorsOnTheWay.length === 0 && !hasBeenOnTheWay(on)) return
  refuseSilentServers(on, minorsOnTheWay)
  if (minorsOnTheWay.length > 0) refuseUnknownKeys(on, minorsOnTheWay)
}

// Kubelets of control plane nodes change at the end of the way. As long as one is two minors behind, a node that does not answer may be
// at the beginning of it.
function hasBeenOnTheWay({ inventory: { spec, machines } }: Site): boolean {
  const servers = machines.filter(({ host }) => isControlPlane(host))
  return kubeletsBehind(spec, servers, 1).length > 0
}

function refuseOldKubelets({ inventory: { spec, machines }, builder, first }: Site): void {
  const tooOld = kubeletsTooOld(spec, machines)
  if (tooOld === undefined) return
  const { nodes, newest } = tooOld
  builder.scope(first.name, 'control-plane').add(
    guard('kubelets that are too old', {
      where: `${spec.file} spec.kubernetes.version`,
      problem: 'Kubelets may be three minors older than the API servers at most, and these would be older.',
      expected: `a version ${newest}.x or older, as long as these kubelets are not newer`,
      actual: `${spec.kubernetes.version}; kubelets: ${nodes.join(', ')}`,
      next: `Set spec.kubernetes.version to a version ${newest}.x and apply, so that all nodes have it; then go on from there.`,
    }),
  )
}

// All API servers have one minor before the first of them gets the next.
function refuseSilentServers({ inventory, builder, first }: Site, way: readonly MinorOnTheWay[]): void {
  const { spec, facts } = inventory
  const isLost = (name: string) => {
    const known = facts.get(name)
    const host = spec.hosts.find(one => one.name === name)
    if (host === undefined || !isControlPlane(host)) return undefined
    if (known === undefined) return 'does not answer'
    // Its static pods are put back first.
    if (wasCutOff(known) || spec.etcd.topology !== 'stacked') return undefined
    return isRunningNode(host, facts) && !hasMemberRunning(host, facts) ? 'its member of etcd is down' : undefined
  }
  const lost = spec.hosts.flatMap(({ name }) => {
    const why = isLost(name)
    return why === undefined ? [] : [`${name}: ${why}`]
  })
  const leaving = serversLeftBehind(inventory)
  if (lost.length + leaving.length === 0) return
  builder.scope(first.name, 'control-plane').add(
    guard('upgrade through several minors', {
      problem: 'All API servers have to reach one minor before the first of them gets the next, and some cannot.',
      expected:
        way.length === 0
          ? 'all control plane nodes run until their kubelets have the new version'
          : `all control plane nodes run while they go through ${way.map(({ version }) => version).join(', ')}`,
      actual: [...lost, ...leaving].join(', '),
      next: [
        ...(lost.length > 0
          ? ['Bring these hosts back. Or give those that are lost state: absent: they go before the upgrade.']
          : []),
        ...(leaving.length > 0
          ? ['Apply once with the former spec.kubernetes.version, so that the nodes that leave are gone. Then upgrade.']
          : []),
      ].join(' '),
    }),
  )
}

// A node that leaves keeps its API server until the upgrade has ended, unless it has no member of etcd to ask.
function serversLeftBehind(inventory: Site['inventory']): readonly string[] {
  const { spec, leaving } = inventory
  return leaving.flatMap(one => {
    const { controlPlane, apiServer } = one.facts?.kubernetes ?? { controlPlane: false }
    const its = controlPlane && one.isControlPlane && !leavesEtcdFirst(one, inventory) ? parse(apiServer) : null
    const isBehind = its !== null && its.minor + 1 < minor(spec.kubernetes.version)
    return isBehind ? [`${one.name}: it leaves last, and its API server stays at ${its.version}`] : []
  })
}

function refuseUnknownKeys({ inventory, builder, first }: Site, way: readonly MinorOnTheWay[]): void {
  const { spec } = inventory
  const unknown = way.flatMap(({ version }) => inventory.keysUnknownTo(version).map(key => `${key} (${version})`))
  if (unknown.length === 0) return
  builder.scope(first.name, 'control-plane').add(
    guard('keys that a version on the way does not know', {
      where: spec.file,
      problem: 'The control plane goes through versions whose kubeadm does not know these keys.',
      expected: `keys of ${way.map(({ version }) => version).join(', ')} and ${spec.kubernetes.version}`,
      actual: unknown.join(', '),
      next: `Leave them out, apply, and set them when all nodes have ${spec.kubernetes.version}.`,
    }),
  )
}
