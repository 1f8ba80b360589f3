import type { ErrorDetails } from '../../core/error-details.ts'
import type { Resource } from '../../core/resource.ts'
import { quote } from '../../shell/quote.ts'
import { linesOf, refuse } from '../support/index.ts'
import { kubeadmApi } from './api-access.ts'

export interface NodeRuntimeParameters {
  /** Name of the host and of its node. */
  readonly node: string
  /** The runtime that cluster.yaml names. */
  readonly name: string
  /** The name for people. */
  readonly title: string
  /** Its CRI socket, e.g. `unix:///run/containerd/containerd.sock`. */
  readonly socket: string
  /** Name and title of the runtime that a socket belongs to; undefined for an unknown socket. */
  readonly ofSocket: (socket: string) => { readonly name: string; readonly title: string } | undefined
}

/** The CRI socket of the host's kubelet; undefined: the host is no node. */
export interface NodeRuntimeState {
  readonly socket: string | undefined
}

const kubelet = '/var/lib/kubelet'

// The flag takes precedence over the file. kubeadm writes one or the other: from 1.34 on the socket moves from the
// annotation and the flag into instance-config.yaml, which it merges into config.yaml (feature gate NodeLocalCRISocket).
const probeScript = `if [ ! -s ${kubeadmApi.kubeletConf} ]; then exit 0; fi
sed -n -e 's/^.*--container-runtime-endpoint=\\([^" ]*\\).*$/socket=\\1/p' \\
  -e 's/^containerRuntimeEndpoint: *"\\{0,1\\}\\([^" ]*\\)"\\{0,1\\} *$/socket=\\1/p' \\
  ${kubelet}/kubeadm-flags.env ${kubelet}/instance-config.yaml ${kubelet}/config.yaml 2>/dev/null || :
`

/**
 * The container runtime of a node that is in the cluster. It is never changed: the old runtime would keep all pods, and
 * the new one would not know them. The plan refuses the change, and apply writes nothing.
 */
export function nodeRuntime(parameters: NodeRuntimeParameters): Resource<NodeRuntimeState, { readonly name: string }> {
  const { name, ofSocket } = parameters
  return {
    kind: 'node runtime',
    name,
    title: 'container runtime of the node',
    probe: { script: probeScript, parse: raw => ({ socket: linesOf(raw, 'socket').find(socket => socket !== '') }) },
    desired: { name },
    diff({ socket }) {
      if (socket === undefined) return undefined
      const is = ofSocket(socket)
      if (is?.name === name) return undefined
      const field = { field: 'runtime', before: is?.name ?? socket, after: name }
      return refuse(refusal(parameters, socket, is), field)
    },
    converge: () => [{ run: 'echo "the runtime of a node is not changed" >&2\nexit 1\n' }],
  }
}

function refusal(
  { node, title, socket: wanted }: NodeRuntimeParameters,
  socket: string,
  is: { readonly name: string; readonly title: string } | undefined,
): ErrorDetails {
  const keep = is === undefined ? '' : `To keep it, set spec.runtime.name: ${is.name}. `
  return {
    problem: `This node runs its pods with ${is?.title ?? socket}, and evcctl does not change the runtime of an existing node.`,
    expected: `${title} (${wanted}), as spec.runtime.name says`,
    actual: `${is?.title ?? 'another runtime'} (${socket}), with which its kubelet runs`,
    next: `${keep}To change it, let the host join again: kubectl drain ${node} --ignore-daemonsets --delete-emptydir-data; kubeadm reset --cri-socket ${quote(socket)} on the host; kubectl delete node ${node}; apply again.`,
  }
}
