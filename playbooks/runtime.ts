import { containerd } from '../roles/containerd/index.ts'
import { archivePackages, criO } from '../roles/cri-o/index.ts'
import { docker, dockerPackages, dockerUnits } from '../roles/docker/index.ts'
import { keptRuntime } from '../roles/node-runtime/index.ts'
import {
  type ClusterSecrets,
  type ClusterSpec,
  type ContainerRuntimeOutputs,
  type GraphBuilder,
  runtimes,
  type Task,
} from '../src/index.ts'
import type { Machine } from './cluster-addresses.ts'
import type { NodeDownloads } from './cluster-downloads.ts'
import { sandboxImage } from './cluster-network.ts'

/** What the container runtime of a cluster adds to the packages of its hosts. */
export interface RuntimePackages {
  readonly names: readonly string[]
  /** Units that the packages must not start. */
  readonly keepDisabled: readonly string[]
}

/** Packages for a host that gets image archives, or gets none. */
export function runtimePackages({ runtime }: ClusterSpec, hasArchives: boolean): RuntimePackages {
  if (runtime.name === 'docker') return { names: dockerPackages, keepDisabled: dockerUnits }
  return { names: runtime.name === 'cri-o' && hasArchives ? archivePackages : [], keepDisabled: [] }
}

export interface HostRuntime extends ContainerRuntimeOutputs {
  /** The unit that the kubelet starts after. */
  readonly unit: string
}

export interface RuntimeOrder {
  /** What downloads need: curl. */
  readonly downloadAfter: readonly Task[]
  /** What has to be done before it starts. */
  readonly startAfter: readonly Task[]
}

/** The container runtime of a host: the one that cluster.yaml names. */
export function declareRuntime(
  builder: GraphBuilder,
  spec: ClusterSpec,
  secrets: ClusterSecrets,
  { host: { name: host }, proxy }: Machine,
  downloads: NodeDownloads,
  order: RuntimeOrder,
): HostRuntime {
  const { runtime, cniPlugins } = downloads
  const { kept } = keptRuntime.declare(builder.scope(host, keptRuntime.name), { node: host, runtime: runtime.name })
  const registryMirrors = Object.fromEntries(
    Object.entries(spec.runtime.registryMirrors).map(([registry, urls]) => [registry, [...urls]]),
  )
  const common = {
    cniPlugins,
    sandboxImage: sandboxImage(spec),
    configPatches: [...spec.runtime.configPatches],
    registryCAs: { ...spec.runtime.registryCAs },
    registryCredentials: { ...secrets.registries },
    ...(proxy === undefined ? {} : { proxy }),
    downloadAfter: [...order.downloadAfter],
    startAfter: [kept, ...order.startAfter],
  }
  const { unit } = runtimes[runtime.name]
  switch (runtime.name) {
    case 'containerd':
      return {
        ...containerd.declare(builder.scope(host, containerd.name), {
          ...common,
          registryMirrors,
          containerd: runtime.containerd,
          runc: runtime.runc,
        }),
        unit,
      }
    case 'cri-o':
      return {
        ...criO.declare(builder.scope(host, criO.name), { ...common, registryMirrors, criO: runtime.criO }),
        unit,
      }
    case 'docker':
      return {
        ...docker.declare(builder.scope(host, docker.name), {
          ...common,
          mirrors: registryMirrors['docker.io'] ?? [],
          criDockerd: runtime.criDockerd,
        }),
        unit,
      }
  }
}
