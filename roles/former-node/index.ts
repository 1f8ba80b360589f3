import { absent, type ClusterSpec, networkGone, podSlicesGone, type Role, type Task } from '../../src/index.ts'

const shared = ['/etc/cni', '/opt/cni', '/var/lib/cni', '/run/cni']
const own = {
  flannel: ['/run/flannel'],
  calico: ['/run/calico', '/var/lib/calico', '/var/log/calico'],
  cilium: ['/run/cilium', '/var/lib/cilium'],
  none: [],
} as const

/** The folders that the pod network and its CNI plugins have on a node. */
export function networkFolders({ network }: ClusterSpec): readonly string[] {
  return [...shared, ...own[network.cni]]
}

export interface FormerNodeParameters {
  readonly network: ClusterSpec['network']
  /** Absolute paths of files that the pod network has written in folders of others. */
  readonly files: readonly string[]
  /** Done when the host is no node any more. */
  readonly after: readonly Task[]
}

/** Nothing of pods, of their network and of kube-proxy is left on a host that was a node. */
export const formerNode: Role<FormerNodeParameters, { readonly gone: readonly Task[] }> = {
  name: 'former-node',
  declare(scope, { network: { cni, podCIDR }, files, after }) {
    return {
      gone: [
        scope.add(podSlicesGone(), { after }),
        scope.add(networkGone({ network: cni, podCIDR }), { after }),
        ...files.map(path => scope.add(absent({ path }), { after })),
      ],
    }
  },
}
