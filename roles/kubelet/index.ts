import {
  declareLogins,
  type KeptUnit,
  keptKubelet,
  kubeletConfigurationFile,
  kubeletFlags,
  kubeletLoginsPath,
  kubeletService,
  type Login,
  nodeReady,
  type Role,
  type RuntimeName,
  type Task,
} from '../../src/index.ts'

export interface KubeletParameters {
  /** KubeletConfiguration document. */
  readonly configuration: Readonly<Record<string, unknown>>
  /** Flags besides those of kubeadm, with which the node was made or is to run from now on. */
  readonly flags: readonly {
    readonly name: string
    readonly value: string
  }[]
  /** Done when the host is a node: kubeadm init or join. */
  readonly joined: Task
  /** Done when the cluster has the configuration, from where kubeadm takes it. */
  readonly uploaded: Task
  /** What a running kubelet has to be restarted for. */
  readonly watch: readonly Task[]
  /** Name of the node. */
  readonly node: string
  /** `host:port` of the API as this node reaches it. */
  readonly endpoint: string
  /** `host:port` of the node's own API server; undefined: it is a worker. */
  readonly ownApi?: string
  /** The container runtime of the node. */
  readonly runtime: RuntimeName
  /** How registries are logged into; of use where the runtime has no place for it. */
  readonly registryCredentials: Readonly<Record<string, Login>>
  /** What it gets back, too, when the node is not well with something new. */
  readonly kept: readonly KeptUnit[]
  /** Whether it is to be Ready; false where nothing that evcctl does makes it so (no CNI): then it has only to join. */
  readonly ready: boolean
  /** What makes the node Ready; undefined: nothing that this run does. */
  readonly network?: Task
}

export interface KubeletOutputs {
  readonly running: Task
  /** Done when the node is Ready; without a network, when it is in the cluster. */
  readonly ready: Task
}

/** The kubelet of a node: configured as the cluster says, running with what is on the disk, started at boot, Ready. */
export const kubelet: Role<KubeletParameters, KubeletOutputs> = {
  name: 'kubelet',
  declare(scope, params) {
    const configured = scope.add(kubeletConfigurationFile(params.configuration), {
      after: [params.joined, params.uploaded],
    })
    const flags = scope.add(kubeletFlags(params.flags), { after: [params.joined] })
    // cri-dockerd hands Docker what the kubelet gives it. A reset empties the folder, so this comes after it.
    const options = { after: [params.joined], nameOf: kubeletName }
    const givesLogins = params.runtime === 'docker'
    const logins = givesLogins ? [declareLogins(scope, kubeletLoginsPath, params.registryCredentials, options)] : []
    const kept = [...params.kept, keptKubelet(givesLogins ? [kubeletLoginsPath] : [])]
    const running = scope.add(kubeletService(kept), {
      after: [params.joined],
      watch: [...params.watch, configured, flags, ...logins],
    })
    const { node: name, endpoint, ownApi, network, ready: wanted } = params
    const own = ownApi === undefined ? {} : { ownApi }
    const ready = scope.add(nodeReady({ name, endpoint, ...own, ready: wanted, store: params.runtime, kept }), {
      after: network === undefined ? [] : [network],
      watch: [running],
    })
    return { running, ready }
  },
}

// As docker login writes it: the kubelet looks for Docker Hub by this name.
function kubeletName(registry: string): string {
  return registry === 'docker.io' ? 'https://index.docker.io/v1/' : registry
}
