import { containerd } from '../../roles/containerd/index.ts'
import { archivePackages, criO } from '../../roles/cri-o/index.ts'
import { docker, dockerPackages, dockerUnits } from '../../roles/docker/index.ts'
import { keptRuntime } from '../../roles/node-runtime/index.ts'
import {
  type ClusterSpec,
  type ContainerRuntimeOutputs,
  type Machine,
  type NodeDownloads,
  type NodePackages,
  runtimes,
  type Site,
  type Task,
} from '../../src/index.ts'

/** Packages for a host that gets image archives, or gets none. */
export function runtimePackages({ runtime }: ClusterSpec, hasArchives: boolean): NodePackages {
  if (runtime.name === 'docker') return { names: dockerPackages, keepDisabled: dockerUnits }
  return { names: runtime.name === 'cri-o' && hasArchives ? archivePackages : [], keepDisabled: [] }
}

export interface HostRuntime extends ContainerRuntimeOutputs {
  /** The unit that the kubelet starts after. */
  readonly unit: string
}

export interface RuntimeOrder {
  readonly downloads: NodeDownloads
  /** What downloads need: curl. */
  readonly downloadAfter: readonly Task[]
  /** What has to be done before it starts. */
  readonly startAfter: readonly Task[]
}

/** The container runtime of a host: the one that cluster.yaml names. */
export function declareRuntime({ inventory, declare }: Site, machine: Machine, order: RuntimeOrder): HostRuntime {
  const { spec, secrets, sandboxImage } = inventory
  const { name, proxy } = machine
  const { runtime, cniPlugins } = order.downloads
  const { kept } = declare(keptRuntime, name, { node: name, runtime: runtime.name })
  const { registryMirrors, configPatches, registryCAs } = spec.runtime
  const common = {
    cniPlugins,
    sandboxImage,
    configPatches,
    registryCAs,
    registryCredentials: secrets.registries,
    ...(proxy === undefined ? {} : { proxy }),
    downloadAfter: order.downloadAfter,
    startAfter: [kept, ...order.startAfter],
  }
  const { unit } = runtimes[runtime.name]
  switch (runtime.name) {
    case 'containerd': {
      const { containerd: program, runc } = runtime
      return { ...declare(containerd, name, { ...common, registryMirrors, containerd: program, runc }), unit }
    }
    case 'cri-o':
      return { ...declare(criO, name, { ...common, registryMirrors, criO: runtime.criO }), unit }
    case 'docker': {
      const mirrors = registryMirrors['docker.io'] ?? []
      return { ...declare(docker, name, { ...common, mirrors, criDockerd: runtime.criDockerd }), unit }
    }
  }
}
