import type { ErrorDetails } from '../../core/error-details.ts'
import type { ProbeResult, Resource } from '../../core/resource.ts'
import { surveyProbe } from '../../core/survey.ts'
import { answersFor, askApi } from './api-survey.ts'
import { kubectl } from './kubectl.ts'

const daemonSet = (namespace: string, name: string) => `/apis/apps/v1/namespaces/${namespace}/daemonsets/${name}`

/** The pod networks that evcctl sets up, by their DaemonSets. */
const networks = [
  ['flannel', daemonSet('kube-flannel', 'kube-flannel-ds')],
  ['calico', daemonSet('kube-system', 'calico-node')],
  ['calico', daemonSet('calico-system', 'calico-node')],
  ['cilium', daemonSet('kube-system', 'cilium')],
] as const
const paths = [...networks.map(([, path]) => path), daemonSet('kube-system', 'kube-proxy')]

export interface SettledNetworkParameters {
  /** `spec.network.cni` */
  readonly cni: string
  /** Whether there is to be kube-proxy; undefined: it does not matter to the network. */
  readonly kubeProxy?: boolean
  /** Path of cluster.yaml, for messages. */
  readonly file: string
}

export type SettledNetworkState =
  /** No cluster yet, or one whose API server does not answer. */
  'absent' | 'silent' | { readonly networks: readonly string[]; readonly kubeProxy: boolean }

/**
 * The pod network of a standing cluster is the one of cluster.yaml. Another one is refused: the old one's pods, interfaces
 * and routes would stay, and every pod keep an address that nobody routes any more. So is what kube-proxy's absence means.
 * Where the API server does not answer, it is asked again when it does, before anything of a network is written.
 */
export function settledNetwork({
  cni,
  kubeProxy,
  file,
}: SettledNetworkParameters): Resource<SettledNetworkState, { readonly cni: string }> {
  return {
    kind: 'settled network',
    name: '',
    title: 'network as the cluster was made with',
    probe: surveyProbe({ asks: [askApi(paths)], parse: parseState }),
    desired: { cni },
    diff(current) {
      // A cluster without any has not got so far.
      if (current === 'absent') return undefined
      if (current === 'silent') return { action: 'run', fields: [], note: silentNote }
      if (current.networks.length === 0) return undefined
      const other = current.networks.find(name => name !== cni)
      if (other !== undefined)
        return {
          action: 'update',
          fields: [{ field: 'cni', before: other, after: cni }],
          refused: otherNetwork(other, cni, file),
        }
      if (kubeProxy === undefined || kubeProxy === current.kubeProxy) return undefined
      const [before, after] = kubeProxy ? ['none', 'kube-proxy'] : ['kube-proxy', 'none']
      return { action: 'update', fields: [{ field: 'kube-proxy', before, after }], refused: otherProxy(kubeProxy) }
    },
    converge: () => [
      {
        until: { script: `${kubectl(5)} get --raw=/readyz >/dev/null\n`, parse: ({ exitCode }) => exitCode === 0 },
        what: 'the API server answers',
        everyMs: 2_000,
        timeoutMs: 120_000,
      },
    ],
  }
}

const silentNote = 'the API server does not answer now: before the network is touched, it is asked which one it has'

function parseState(raw: ProbeResult): SettledNetworkState {
  const answer = answersFor(raw, paths)
  if (answer.api !== 'answered') return answer.api === 'absent' ? 'absent' : 'silent'
  const found = networks.flatMap(([name], index) => (answer.objects[index] === undefined ? [] : [name]))
  return { networks: [...new Set(found)], kubeProxy: answer.objects.at(-1) !== undefined }
}

function otherNetwork(actual: string, wanted: string, file: string): ErrorDetails {
  return {
    problem: 'The cluster has another pod network, and that of a standing cluster cannot be changed.',
    expected: `spec.network.cni: ${actual}`,
    actual: `spec.network.cni: ${wanted}`,
    next: `Set it back in ${file}. To move, make a new cluster beside this one; or take ${actual} out by hand, restart every node, and apply again: no pod reaches another meanwhile.`,
  }
}

function otherProxy(wanted: boolean): ErrorDetails {
  return {
    problem: 'Whether kube-proxy runs is settled when a cluster is made.',
    expected: `spec.network.cilium.kubeProxyReplacement: ${String(wanted)}`,
    actual: `spec.network.cilium.kubeProxyReplacement: ${String(!wanted)}`,
    next: wanted
      ? 'Set it to true, or make kube-proxy first: kubeadm init phase addon kube-proxy --config /etc/evcctl/kubeadm.yaml'
      : 'Set it to false, or take kube-proxy out first: kubectl -n kube-system delete daemonset,configmap kube-proxy; then restart every node, so that its rules go.',
  }
}
