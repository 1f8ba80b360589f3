import type { ErrorDetails } from '../../core/error-details.ts'
import type { Change, ProbeResult, Resource, Step } from '../../core/resource.ts'
import { keepKubelet, nodeNameOf, otherNode, printNodeCertificate } from '../kubelet/index.ts'
import { caHashesOf } from '../pki/index.ts'
import { decodeFile, linesOf, printFile, refuse, serverToHandOn } from '../support/index.ts'
import { noteAside } from './before.ts'
import { type ControlPlaneRemains, printRemains, refuseEtcdData, remainsOf } from './control-plane-remains.ts'
import { explainKubeadm } from './failure.ts'
import { initScript } from './init-script.ts'
import { finished } from './reset.ts'
import { defaultEtcdData } from './stacked-etcd-data.ts'
import { madeManifests, noteManifests } from './static-pods.ts'

export interface KubeadmInitParameters {
  /** File with the kubeadm documents; it has to exist before. */
  readonly configuration: string
  /** Name of the node. */
  readonly node: string
  /** Data directory of the stacked etcd. Default /var/lib/etcd, kubeadm's own. `external`: kubeadm does not run etcd. */
  readonly etcdData?: string | 'external'
  /** Checks of kubeadm's own preflight that are ignored. Default none. */
  readonly ignorePreflightErrors?: readonly string[]
  /** Whether initConfiguration skips kubeadm's own preflight. Default false. */
  readonly skipsPreflight?: boolean
  /** CRI socket of the container runtime, whose containers a reset removes. */
  readonly criSocket: string
  /** `host:port` at which the nodes will reach the API, for the plan. */
  readonly endpoint: string
  /** Files with their content that record the configuration of the cluster; see clusterRecord() and kubeletRecord(). */
  readonly records: readonly { readonly path: string; readonly content: string }[]
}

export interface KubeadmInitState extends ControlPlaneRemains {
  /**
   * `absent`: there is no part of a control plane. `unfinished`: an init was cut off, or a join before it wrote anything.
   * `joining`: a join to a cluster was cut off. `damaged`: parts are missing, or the host belongs to another cluster.
   */
  readonly state: 'absent' | 'unfinished' | 'joining' | 'done' | 'damaged'
  /** PEM of the cluster's CA, or of both while one replaces the other; empty when there is none. */
  readonly ca: string
  /** `server` of admin.conf. */
  readonly server: string
  /** Name of the node that the host is; undefined when it is none. */
  readonly node: string | undefined
}

/** The values for joining nodes and kubeconfig files. */
export interface ClusterIdentity {
  /** CA certificate hashes: `sha256:…` of the public keys of the CAs that the cluster trusts. There is at least one. */
  readonly caHashes: readonly string[]
  /** URL of the API in the administrator's kubeconfig. */
  readonly server: string
}

// kubeadm init pulls the images of the control plane, over a slow line for an hour; its other waits have limits of
// kubeadm's own.
const longestInit = 2 * 60 * 60_000

/**
 * The kubeconfig with which kubeadm init gives the administrators their rights. Its certificate may do everything, whatever
 * RBAC says, for a year. Nothing else needs it, and whoever has the key of the CA can make another one.
 */
export const superAdmin = '/etc/kubernetes/super-admin.conf'

const parts = ['admin.conf', 'kubelet.conf', 'manifests/kube-apiserver.yaml', 'pki/ca.crt']

/**
 * The first control plane node. An init that was cut off left a mark, so it begins again after `kubeadm reset`. That is
 * safe, because no node can have joined before init is complete. A host without the mark is never reset, and the mark is
 * written only after kubeadm's preflight has passed.
 */
export function kubeadmInit(
  parameters: KubeadmInitParameters,
): Resource<KubeadmInitState, { readonly endpoint: string }, ClusterIdentity> {
  const {
    configuration,
    node,
    criSocket,
    etcdData: folder = defaultEtcdData,
    ignorePreflightErrors = [],
    skipsPreflight = false,
    endpoint,
    records,
  } = parameters
  const etcdData = folder === 'external' ? undefined : folder
  return {
    kind: 'kubeadm init',
    name: 'cluster',
    title: 'kubeadm init',
    probe: { script: probeScript(etcdData), parse: parseInit },
    desired: { endpoint },
    diff(current) {
      const { state, found, node: is } = current
      if (state === 'done') {
        if (is === undefined || is === node) return undefined
        return refuse(otherNode(is, node), { field: 'node', before: is, after: node })
      }
      if (state === 'damaged') {
        return refuse(refusal(found), { field: 'state', before: 'damaged' })
      }
      if (state === 'joining') {
        return refuse(cutOffJoin(found), { field: 'state', before: 'joining' })
      }
      const refused = refuseEtcdData(etcdData, current, ignorePreflightErrors)
      const change: Change =
        state === 'unfinished'
          ? {
              action: 'run',
              fields: [{ field: 'state', before: 'unfinished', after: 'done' }],
              note: 'what the interrupted run of kubeadm left is removed first',
            }
          : {
              action: 'create',
              fields: [{ field: 'endpoint', after: endpoint }],
              ...noteAside(current.aside),
            }
      return refused === undefined ? change : { ...change, refused }
    },
    converge(current): readonly Step[] {
      if (current.state === 'damaged' || current.state === 'joining')
        return [{ run: 'echo "not a host for kubeadm init" >&2\nexit 1\n' }]
      return [
        { run: initScript({ configuration, node, criSocket, etcdData, skipsPreflight }), timeoutMs: longestInit },
        { run: noteManifests },
        ...records.map(({ path, content }) => ({ write: path, content, mode: 0o600 })),
        // Only kubeadm init needs it, and nobody can take back what it gives access to; see superAdmin.
        { run: `${keepKubelet}rm -f ${superAdmin}\n${finished}` },
      ]
    },
    output(current) {
      const caHashes = current.state === 'done' ? caHashesOf(current.ca) : []
      const server = serverToHandOn(current.server)
      return caHashes.length === 0 || server === undefined ? undefined : { caHashes, server }
    },
    explain: (failure, _desired, step) => explainKubeadm(failure, step, 'init'),
  }
}

function probeScript(etcdData: string | undefined): string {
  return `${printRemains(parts, etcdData)}sed -n 's/^ *server: */server=/p' /etc/kubernetes/admin.conf 2>/dev/null | head -n 1
${printNodeCertificate}${printFile('ca', '/etc/kubernetes/pki/ca.crt')}`
}

function parseInit(raw: ProbeResult): KubeadmInitState {
  const remains = remainsOf(raw)
  const ca = decodeFile(linesOf(raw, 'ca')[0])
  const server = linesOf(raw, 'server')[0] ?? ''
  const node = nodeNameOf(linesOf(raw, 'nodeCertificate').join('\n'))
  return { state: stateOf(remains), ...remains, ca, server, node }
}

function stateOf({ cutOff, found }: ControlPlaneRemains): KubeadmInitState['state'] {
  // No node can have joined a cluster before its init was complete. But a join may have been almost complete.
  if (cutOff !== undefined) return cutOff.run === 'init' || found.length === 0 ? 'unfinished' : 'joining'
  const has = (part: string) => found.includes(`/etc/kubernetes/${part}`)
  if (parts.every(has)) return 'done'
  // A CA alone is not a cluster: kubeadm uses one that exists.
  return found.every(path => path === '/etc/kubernetes/pki/ca.crt') ? 'absent' : 'damaged'
}

function cutOffJoin(found: readonly string[]): ErrorDetails {
  return {
    problem: 'A join to a cluster was cut off on this host, and cluster.yaml makes it the first node of a new one.',
    expected: 'a host on which nothing of a cluster is left',
    actual: `there: ${found.join(', ')}`,
    next: 'If that cluster is still in use, put its other control plane nodes back into cluster.yaml. If nothing on this host is needed any more, run kubeadm reset on it. Then apply again.',
  }
}

function refusal(found: readonly string[]): ErrorDetails {
  const missing = parts.map(part => `/etc/kubernetes/${part}`).filter(path => !found.includes(path))
  return {
    problem: 'This host has parts of a cluster, but not all that a control plane node has.',
    expected: 'either a whole control plane (then it is left as it is) or none',
    actual: `there: ${found.join(', ')}\nmissing: ${missing.join(', ')}`,
    next: `Restore what is missing (manifests as kubeadm made them are in ${madeManifests}); or, if nothing on it is needed any more, run kubeadm reset on the host.`,
  }
}
