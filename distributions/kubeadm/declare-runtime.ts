import { containerd, containerdFolders } from '../../roles/containerd/index.ts'
import { archivePackages, criO, criOFolders } from '../../roles/cri-o/index.ts'
import { docker, dockerFolders, dockerPackages, dockerUnits } from '../../roles/docker/index.ts'
import { keptRuntime } from '../../roles/node-runtime/index.ts'
import {
  type ClusterSpec,
  type ContainerRuntimeOutputs,
  kubeadmApi,
  type Machine,
  type NodePackages,
  type PrepareOrder,
  runtimes,
  type Site,
} from '../../src/index.ts'

/** The packages of the container runtime. `hasArchives`: whether the host gets image archives. */
export function runtimePackages({ runtime }: ClusterSpec, hasArchives: boolean): NodePackages {
  if (runtime.name === 'docker') return { names: dockerPackages, keepDisabled: dockerUnits }
  return { names: runtime.name === 'cri-o' && hasArchives ? archivePackages : [], keepDisabled: [] }
}

const folders = { containerd: containerdFolders, 'cri-o': criOFolders, docker: dockerFolders }

/** The folders that the container runtime and its CNI plugins have on a node. */
export function runtimeFolders({ runtime }: ClusterSpec): readonly string[] {
  return folders[runtime.name]
}

export interface HostRuntime extends ContainerRuntimeOutputs {
  /** The unit after which the kubelet starts. */
  readonly unit: string
}

/** Declares the container runtime that cluster.yaml names on a host. */
export function declareRuntime(
  { inventory, declare }: Site,
  machine: Machine,
  { downloadAfter, startAfter }: Pick<PrepareOrder, 'downloadAfter' | 'startAfter'>,
): HostRuntime {
  const { spec, secrets, sandboxImage } = inventory
  const { runtime, network } = spec
  const { name, proxy } = machine
  const find = inventory.downloads(machine)
  const { kept } = declare(keptRuntime, name, { node: name, runtime: runtime.name })
  const { registryMirrors, configPatches, registryCAs, version } = runtime
  const common = {
    fileOfNode: kubeadmApi.kubeletConf,
    cniPlugins: find('cni-plugins', network.cniPluginsVersion),
    sandboxImage,
    configPatches,
    registryCAs,
    registryCredentials: secrets.registries,
    ...(proxy === undefined ? {} : { proxy }),
    downloadAfter,
    startAfter: [kept, ...startAfter],
  }
  const { unit } = runtimes[runtime.name]
  switch (runtime.name) {
    case 'containerd': {
      const programs = { containerd: find('containerd', version), runc: find('runc', runtime.runcVersion) }
      return { ...declare(containerd, name, { ...common, registryMirrors, ...programs }), unit }
    }
    case 'cri-o':
      return { ...declare(criO, name, { ...common, registryMirrors, criO: find('cri-o', version) }), unit }
    case 'docker': {
      const mirrors = registryMirrors['docker.io'] ?? []
      return { ...declare(docker, name, { ...common, mirrors, criDockerd: find('cri-dockerd', version) }), unit }
    }
  }
}
