import type { ErrorDetails } from '../core/errors.ts'
import type { ProbeResult, Resource, Step } from '../core/resource.ts'
import { syncLine } from '../shell/on-disk.ts'
import { quote, quoteAll } from '../shell/quote.ts'
import { forgetFormerNode } from './former-node.ts'
import { serverToHandOn } from './handed-on.ts'
import { explainKubeadm } from './kubeadm-failure.ts'
import {
  caHashOf,
  decodeFile,
  finished,
  nodeNameOf,
  otherNode,
  printFile,
  printNodeCertificate,
  stateFolder,
} from './kubeadm-state.ts'
import { watchedFunction } from './kubeadm-watch.ts'
import { initUnfinished } from './kubectl.ts'
import { kubeletFailureScript } from './kubelet-evidence.ts'
import { keepKubelet, recordKubeletStart } from './kubelet-files.ts'
import { linesOf } from './probe-output.ts'
import { madeManifests, noteManifests } from './static-pods.ts'

export interface KubeadmInitParameters {
  /** File with the kubeadm documents; has to be there before. */
  readonly configuration: string
  /** Name of the node. */
  readonly node: string
  /** Data directory of the stacked etcd. Default /var/lib/etcd, kubeadm's own. `external`: etcd is not kubeadm's. */
  readonly etcdData?: string | 'external'
  /** Client URLs of an external etcd: a cut-off init remembers where it wrote. Default none. */
  readonly etcdEndpoints?: readonly string[]
  /** Of the container runtime, whose containers a reset removes. */
  readonly criSocket: string
  /** `host:port` that the nodes will use for the API, for the plan. */
  readonly endpoint: string
  /** Files and their content that record what the cluster was made with; see clusterRecord() and kubeletRecord(). */
  readonly records: readonly { readonly path: string; readonly content: string }[]
}

export interface KubeadmInitState {
  /**
   * `absent`: nothing of a control plane is there. `unfinished`: an init was cut off. `damaged`: parts are missing, or
   * the host belongs to a cluster of somebody else.
   */
  readonly state: 'absent' | 'unfinished' | 'done' | 'damaged'
  /** The files and folders of a control plane that are there. */
  readonly found: readonly string[]
  /** PEM of the cluster's CA; empty when it is not there. */
  readonly ca: string
  /** `server` of admin.conf. */
  readonly server: string
  /** Name of the node that the host is; undefined when it is none. */
  readonly node: string | undefined
}

/** What joining nodes and kubeconfig files need to know. */
export interface ClusterIdentity {
  /** `sha256:…` of the public key of the cluster's CA. */
  readonly caHash: string
  /** URL of the API in the administrator's kubeconfig. */
  readonly server: string
}

// It pulls the images of the control plane, over a slow line for an hour; whatever else it waits for has a limit of
// kubeadm's own.
const longestInit = 2 * 60 * 60_000

const parts = ['admin.conf', 'kubelet.conf', 'manifests/kube-apiserver.yaml', 'pki/ca.crt']

/**
 * The first control plane node. An init that was cut off is found by a marker and begun anew after `kubeadm reset`;
 * that is safe, because nothing can have joined before init is done. A host without the marker is never reset.
 */
export function kubeadmInit(
  parameters: KubeadmInitParameters,
): Resource<KubeadmInitState, { readonly endpoint: string }, ClusterIdentity> {
  const {
    configuration,
    node,
    criSocket,
    etcdData = '/var/lib/etcd',
    etcdEndpoints = [],
    endpoint,
    records,
  } = parameters
  return {
    kind: 'kubeadm init',
    name: 'cluster',
    title: 'kubeadm init',
    probe: { script: probeScript(etcdData), parse: parseInit },
    desired: { endpoint },
    diff({ state, found, node: is }) {
      if (state === 'done') {
        if (is === undefined || is === node) return undefined
        return { action: 'run', fields: [{ field: 'node', before: is, after: node }], refused: otherNode(is, node) }
      }
      if (state === 'damaged') {
        return { action: 'run', fields: [{ field: 'state', before: 'damaged' }], refused: refusal(found) }
      }
      if (state === 'unfinished') {
        const fields = [{ field: 'state', before: 'unfinished', after: 'done' }]
        return { action: 'run', fields, note: 'what the interrupted kubeadm init left is removed first' }
      }
      return { action: 'create', fields: [{ field: 'endpoint', after: endpoint }] }
    },
    converge(current): readonly Step[] {
      if (current.state === 'damaged') return [{ run: 'echo "not a host for kubeadm init" >&2\nexit 1\n' }]
      return [
        { run: initScript({ configuration, criSocket, etcdData, etcdEndpoints }), timeoutMs: longestInit },
        { run: noteManifests },
        ...records.map(({ path, content }) => ({ write: path, content, mode: 0o600 })),
        { run: `${keepKubelet}${finished(initUnfinished)}` },
      ]
    },
    output(current) {
      const caHash = current.state === 'done' ? caHashOf(current.ca) : undefined
      const server = serverToHandOn(current.server)
      return caHash === undefined || server === undefined ? undefined : { caHash, server }
    },
    explain: failure => explainKubeadm(failure, 'init'),
  }
}

function probeScript(etcdData: string): string {
  return `if [ -e ${initUnfinished} ]; then echo unfinished=yes; fi
for part in ${parts.join(' ')}; do
  if [ -s "/etc/kubernetes/$part" ]; then echo "found=$part"; fi
done
${
  etcdData === 'external'
    ? ''
    : `if [ -d ${quote(`${etcdData}/member`)} ]; then echo found=etcd; fi
`
}sed -n 's/^ *server: */server=/p' /etc/kubernetes/admin.conf 2>/dev/null | head -n 1
${printNodeCertificate}${printFile('ca', '/etc/kubernetes/pki/ca.crt')}`
}

function parseInit(raw: ProbeResult): KubeadmInitState {
  const found = linesOf(raw, 'found').map(part => (part === 'etcd' ? 'data of etcd' : `/etc/kubernetes/${part}`))
  const ca = decodeFile(linesOf(raw, 'ca')[0])
  const server = linesOf(raw, 'server')[0] ?? ''
  const node = nodeNameOf(linesOf(raw, 'nodeCertificate').join('\n'))
  return { state: stateOf(linesOf(raw, 'unfinished').length > 0, found), found, ca, server, node }
}

function stateOf(isUnfinished: boolean, found: readonly string[]): KubeadmInitState['state'] {
  if (isUnfinished) return 'unfinished'
  const has = (part: string) => found.includes(`/etc/kubernetes/${part}`)
  if (parts.every(has)) return 'done'
  // A CA alone is not a cluster: kubeadm takes one that lies there.
  return found.every(path => path === '/etc/kubernetes/pki/ca.crt') ? 'absent' : 'damaged'
}

interface InitScript {
  readonly configuration: string
  readonly criSocket: string
  readonly etcdData: string
  readonly etcdEndpoints: readonly string[]
}

function initScript({ configuration, criSocket, etcdData, etcdEndpoints }: InitScript): string {
  const mark = etcdEndpoints.length === 0 ? ':' : `printf '%s\\n' ${quoteAll(etcdEndpoints)}`
  const data = quote(etcdData)
  const emptied = `  # Its manifest, by which reset finds the data, may be gone already.
  if [ -d ${data} ]; then find ${data} -mindepth 1 -delete; fi
`
  return `${kubeletFailureScript}${watchedFunction}mkdir -p ${stateFolder}
systemctl daemon-reload
systemctl enable --quiet kubelet
if [ -e ${initUnfinished} ]; then
  echo 'removing what an interrupted kubeadm init left'
  kubeadm reset --force --cri-socket ${criSocket} >/dev/null
${etcdData === 'external' ? '' : emptied}fi
${forgetFormerNode}${mark} >${initUnfinished}
${syncLine(initUnfinished)}
watched kubeadm init --config ${quote(configuration)} --skip-token-print --skip-certificate-key-print || {
  status=$?
  evidence
  exit "$status"
}
${recordKubeletStart}`
}

function refusal(found: readonly string[]): ErrorDetails {
  const missing = parts.map(part => `/etc/kubernetes/${part}`).filter(path => !found.includes(path))
  return {
    problem: 'This host has parts of a cluster, but not all that a control plane node has.',
    expected: 'either a whole control plane (then it is left as it is) or none',
    came: `there: ${found.join(', ')}\nmissing: ${missing.join(', ')}`,
    next: `Restore what is missing (manifests as kubeadm made them are in ${madeManifests}); or, if nothing on it is needed any more, run kubeadm reset on the host.`,
  }
}
