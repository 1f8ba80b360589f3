import type { ErrorDetails } from '../../core/error-details.ts'
import type { ProbeResult, Resource } from '../../core/resource.ts'
import { surveyProbe } from '../../core/survey.ts'
import type { ApiAccess } from './access.ts'
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
  readonly api: ApiAccess
  /** `spec.network.cni` */
  readonly cni: string
  /** Whether kube-proxy has to run; undefined: the network works either way. */
  readonly kubeProxy?: boolean
  /** A command by which people install kube-proxy. */
  readonly installKubeProxy: string
  /** Path of cluster.yaml, for messages. */
  readonly file: string
}

export type SettledNetworkState =
  /** There is no cluster yet, or its API server does not answer. */
  'absent' | 'silent' | { readonly networks: readonly string[]; readonly kubeProxy: boolean }

/**
 * The pod network of a running cluster is the one in cluster.yaml. A different one is refused: the pods, interfaces and
 * routes of the old network would stay, and every pod would keep an address that is no longer routed. A change of whether
 * kube-proxy runs is refused, too. If the API server does not answer the plan, apply asks again before it writes anything
 * of a network.
 */
export function settledNetwork({
  api,
  cni,
  kubeProxy,
  installKubeProxy,
  file,
}: SettledNetworkParameters): Resource<SettledNetworkState, { readonly cni: string }> {
  return {
    kind: 'settled network',
    name: '',
    title: 'network as the cluster was made with',
    probe: surveyProbe({ asks: [askApi(api, paths)], parse: parseState }),
    desired: { cni },
    diff(current) {
      // A cluster without any pod network has not got that far yet.
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
      return {
        action: 'update',
        fields: [{ field: 'kube-proxy', before, after }],
        refused: otherProxy(kubeProxy, installKubeProxy),
      }
    },
    converge: () => [
      {
        until: { script: `${kubectl(api, 5)} get --raw=/readyz >/dev/null\n`, parse: ({ exitCode }) => exitCode === 0 },
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
    problem: 'The cluster has another pod network, and the pod network of a running cluster cannot be changed.',
    expected: `spec.network.cni: ${actual}`,
    actual: `spec.network.cni: ${wanted}`,
    next: `Set it back in ${file}. To move, create a new cluster beside this one; or remove ${actual} by hand, restart every node, and apply again: pods do not reach each other meanwhile.`,
  }
}

function otherProxy(wanted: boolean, install: string): ErrorDetails {
  return {
    problem: 'Whether kube-proxy runs cannot be changed in a running cluster.',
    expected: `spec.network.cilium.kubeProxyReplacement: ${String(wanted)}`,
    actual: `spec.network.cilium.kubeProxyReplacement: ${String(!wanted)}`,
    next: wanted
      ? `Set it to true, or install kube-proxy first: ${install}`
      : 'Set it to false, or remove kube-proxy first: kubectl -n kube-system delete daemonset,configmap kube-proxy; then restart every node, so that its rules disappear.',
  }
}
