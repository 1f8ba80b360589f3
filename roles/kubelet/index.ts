import {
  declareLogins,
  gateBeforeKubelet,
  type KeptUnit,
  keptKubelet,
  kubeadmApi,
  kubeletConfigurationFile,
  kubeletFlags,
  kubeletLoginsPath,
  kubeletOwnService,
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
  /** Version of Kubernetes, without `v`. */
  readonly version: string
  /** Flags in addition to kubeadm's, with which the kubelet has to run. */
  readonly flags: readonly {
    readonly name: string
    readonly value: string
  }[]
  /** Done when the host is a node: kubeadm init or join. */
  readonly joined: Task
  /** The changes that need a restart of the kubelet. */
  readonly watch: readonly Task[]
  /** Name of the node. */
  readonly node: string
  /** `host:port` of the API as this node reaches it. */
  readonly endpoint: string
  /** `host:port` of the node's own API server; undefined: it is a worker. */
  readonly ownApi?: string
  /** The port of the node's own API server, if there are others for its clients; undefined: it is a worker, or the only server. */
  readonly gatedPort?: number
  /** The container runtime of the node. */
  readonly runtime: RuntimeName
  /** Credentials for registries, for runtimes that have no file of their own for them. */
  readonly registryCredentials: Readonly<Record<string, Login>>
  /** Other units that get their former files back, too, if the node does not work with new ones. */
  readonly kept: readonly KeptUnit[]
  /** Whether the node has to become Ready. False if evcctl installs no pod network: then the node only has to join. */
  readonly ready: boolean
  /** Done when the node can become Ready; undefined: this run has no task that the node needs for this. */
  readonly network?: Task
}

export interface KubeletOutputs {
  /** Writes the configuration. kubeadm reads it from the cluster, so this has to wait until the cluster has stored it. */
  readonly configured: Task
  /** Writes the flags. */
  readonly flags: Task
  readonly running: Task
  /** Done when the node is Ready; without a network, when it is in the cluster. */
  readonly ready: Task
}

/** The kubelet of a node: configured as the cluster has it, running with its current files, started at boot, Ready. */
export const kubelet: Role<KubeletParameters, KubeletOutputs> = {
  name: 'kubelet',
  declare(scope, params) {
    const configured = scope.add(kubeletConfigurationFile(params.configuration, params.version), {
      after: [params.joined],
    })
    const flags = scope.add(kubeletFlags(params.flags), { after: [params.joined] })
    // cri-dockerd passes the kubelet's credentials on to Docker. A reset empties the folder, so this task comes after it.
    const options = { after: [params.joined], nameOf: kubeletName }
    const givesLogins = params.runtime === 'docker'
    const logins = givesLogins ? [declareLogins(scope, kubeletLoginsPath, params.registryCredentials, options)] : []
    const kept = [...params.kept, keptKubelet(givesLogins ? [kubeletLoginsPath] : [])]
    const { version, provenVersion } = kubeletOwnService
    const gate =
      params.gatedPort === undefined ? undefined : gateBeforeKubelet(params.gatedPort, version, provenVersion)
    const running = scope.add(kubeletService(kept, gate), {
      after: [params.joined],
      watch: [...params.watch, configured, flags, ...logins],
    })
    const { node: name, endpoint, ownApi, network, ready: wanted } = params
    const own = ownApi === undefined ? {} : { ownApi }
    const ready = scope.add(
      nodeReady({
        api: kubeadmApi,
        service: kubeletOwnService,
        name,
        endpoint,
        ...own,
        ready: wanted,
        store: params.runtime,
        kept,
      }),
      {
        after: network === undefined ? [] : [network],
        watch: [running],
      },
    )
    return { configured, flags, running, ready }
  },
}

// `docker login` uses this name for Docker Hub, and the kubelet looks it up.
function kubeletName(registry: string): string {
  return registry === 'docker.io' ? 'https://index.docker.io/v1/' : registry
}
