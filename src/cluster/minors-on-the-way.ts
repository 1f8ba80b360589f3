import { major, minor, parse } from 'semver'
import { minorOf, patchOnTheWay } from '../catalog/index.ts'
import type { ClusterSpec } from '../config/index.ts'
import type { Machine } from './machines.ts'
import { isControlPlane } from './nodes.ts'

/** A version of Kubernetes that API servers pass through, because they go up by one minor at a time. */
export interface MinorOnTheWay {
  /** Without `v`. */
  readonly version: string
  /** Names of the control plane nodes whose API servers are of an older minor, in the order of cluster.yaml. */
  readonly behind: readonly string[]
}

type Wanted = Pick<ClusterSpec, 'kubernetes' | 'artifacts'>
type Known = Pick<Machine, 'name' | 'host' | 'facts'>

/**
 * The version of the API server of a machine, without `v`: where a change of its static pods was cut off, of the one that is put
 * back; undefined: it has none.
 */
export function serverVersion({ facts: { kubernetes } }: Pick<Machine, 'facts'>): string | undefined {
  return kubernetes.formerApiServer ?? kubernetes.apiServer
}

/**
 * The versions between the oldest API server and the wanted version, the oldest first; none if it is at most one minor older. Also
 * none if nothing is known of one of them: the upgrade is then refused, and the next version to go to is named.
 */
export function minorsOnTheWay(
  { kubernetes: { version }, artifacts }: Wanted,
  machines: readonly Known[],
): readonly MinorOnTheWay[] {
  const servers = machines.flatMap(machine => {
    const its = isControlPlane(machine.host) ? parse(serverVersion(machine)) : null
    return its !== null && its.major === major(version) ? [{ name: machine.name, minor: its.minor }] : []
  })
  const oldest = Math.min(...servers.map(server => server.minor))
  const way: MinorOnTheWay[] = []
  for (let next = oldest + 1; next < minor(version); next++) {
    const patch = patchOnTheWay(`${major(version)}.${next}`, artifacts)
    if (patch === undefined) return []
    way.push({ version: patch, behind: servers.filter(server => server.minor < next).map(({ name }) => name) })
  }
  return way
}

/** The most minors by which a kubelet may be older than an API server (https://kubernetes.io/releases/version-skew-policy/). */
export const mostKubeletLag = 3

/** The nodes whose kubelets are more than `lag` minors older than the wanted version. A host that evcctl only began to make a node is none. */
export function kubeletsBehind(
  { kubernetes: { version } }: Pick<ClusterSpec, 'kubernetes'>,
  machines: readonly Known[],
  lag: number,
) {
  return machines.flatMap(({ name, facts: { kubernetes, remains } }) => {
    const its = kubernetes.kubeletConf && !remains.begun ? parse(kubernetes.kubelet) : null
    const isBehind = its !== null && its.major === major(version) && minor(version) - its.minor > lag
    return isBehind ? [{ name, its }] : []
  })
}

/** The nodes whose kubelets are too old for an API server of the wanted version, and the minor that the oldest of them allows. */
export function kubeletsTooOld(
  spec: Wanted,
  machines: readonly Known[],
): { readonly nodes: readonly string[]; readonly newest: string } | undefined {
  const lagging = kubeletsBehind(spec, machines, mostKubeletLag)
  if (lagging.length === 0) return undefined
  const oldest = Math.min(...lagging.map(({ its }) => its.minor))
  return {
    nodes: lagging.map(({ name, its }) => `${name} (${its.version})`),
    newest: minorOf(`${major(spec.kubernetes.version)}.${oldest + mostKubeletLag}.0`),
  }
}
