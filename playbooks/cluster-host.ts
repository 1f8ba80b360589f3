import { etcdPackages } from '../roles/etcd-host/index.ts'
import { images } from '../roles/images/index.ts'
import { kubernetesBinaries } from '../roles/kubernetes-binaries/index.ts'
import { os } from '../roles/os/index.ts'
import {
  type ClusterSecrets,
  type ClusterSpec,
  defaultEtcdData,
  etcdDataOf,
  type GraphBuilder,
  type Task,
} from '../src/index.ts'
import type { Machine } from './cluster-addresses.ts'
import { archivesFor, downloadsFor } from './cluster-downloads.ts'
import { hasEtcdHosts } from './cluster-etcd-hosts.ts'
import { localProxyOf } from './local-proxy.ts'
import { declareRuntime, type HostRuntime, runtimePackages } from './runtime.ts'

/** What a host has to offer before it can become a node. */
export interface Prepared {
  /** All that kubeadm needs. */
  readonly ready: readonly Task[]
  /** What any program needs: packages, folders. */
  readonly system: readonly Task[]
  /** What a running kubelet has to be restarted for. */
  readonly kubelet: readonly Task[]
  /** The container runtime's units; see ContainerRuntimeOutputs. */
  readonly kept: HostRuntime['kept']
}

/**
 * Makes a bare host ready for kubeadm; waits for no other host. `apiServers`: addresses of all control plane nodes.
 * `opened` lets the others in.
 */
export function prepareHost(
  builder: GraphBuilder,
  spec: ClusterSpec,
  secrets: ClusterSecrets,
  machine: Machine,
  apiServers: readonly string[],
  opened: readonly Task[],
): Prepared {
  const { name } = machine.host
  const downloads = downloadsFor(spec, machine)
  const imageArchives = archivesFor(spec, machine)
  const { names, keepDisabled } = runtimePackages(spec, imageArchives.length > 0)
  const proxyKind = localProxyOf(spec)
  const makesKeys = hasEtcdHosts(spec) && machine.host.roles.some(role => role !== 'worker')
  const system = os.declare(builder.scope(name, os.name), {
    packages: {
      ...spec.os.packages,
      extra: [...spec.os.packages.extra, ...(proxyKind?.packages ?? []), ...(makesKeys ? etcdPackages : []), ...names],
      keepDisabled: [...(proxyKind === undefined ? [] : [proxyKind.packageUnit]), ...keepDisabled],
    },
    sysctls: { ...spec.os.sysctls },
    kernelModules: [...spec.os.kernelModules, ...modulesOf(spec)],
    disableSwap: spec.os.disableSwap,
    setHostname: spec.os.setHostname,
    hostname: name,
    address: machine.address,
    ...(machine.proxy === undefined ? {} : { proxy: machine.proxy }),
  })
  const installed = system.packages === undefined ? [] : [system.packages]
  const proxy = proxyKind?.role.declare(builder.scope(name, proxyKind.role.name), {
    port: spec.controlPlane.localProxyPort,
    upstreams: [...apiServers],
    ...(machine.host.roles.includes('control-plane') ? { own: machine.address } : {}),
    upstreamPort: spec.controlPlane.bindPort,
    replaces: proxyKind.replaces,
    after: installed,
  })
  const runtime = declareRuntime(builder, spec, secrets, machine, downloads, {
    downloadAfter: installed,
    startAfter: system.all,
  })
  const archives = images.declare(builder.scope(name, images.name), {
    archives: imageArchives,
    store: spec.runtime.name,
    runtime: runtime.ready,
  })
  const programs = kubernetesBinaries.declare(builder.scope(name, kubernetesBinaries.name), {
    kubeadm: downloads.kubeadm,
    kubelet: downloads.kubelet,
    kubectl: downloads.kubectl,
    ...(runsEtcd(spec, machine) ? { etcdData: etcdFolderOf(spec) } : {}),
    kubeletAfter: [runtime.unit, ...(proxyKind === undefined ? [] : [proxyKind.unit])],
    downloadAfter: installed,
  })
  const proxied = proxy === undefined ? [] : [proxy.ready]
  return {
    ready: [
      ...system.all,
      ...opened,
      ...proxied,
      runtime.ready,
      runtime.cniPlugins,
      ...archives.loaded,
      ...programs.all,
    ],
    system: [...system.all, ...opened],
    kubelet: [...programs.kubelet, runtime.ready],
    kept: runtime.kept,
  }
}

// Some kernels have it in a package of its own (linux-modules-extra-raspi of Ubuntu 21.10 to 23.10): better said at once
// than by a network that never comes up.
function modulesOf({ network }: ClusterSpec): readonly string[] {
  const { cni, flannel, calico } = network
  const isVxlan = {
    flannel: flannel.backend === 'vxlan',
    calico: calico.encapsulation === 'vxlan',
    cilium: true,
    none: false,
  }
  return isVxlan[cni] ? ['vxlan'] : []
}

function runsEtcd({ etcd }: ClusterSpec, { host }: Machine): boolean {
  return etcd.topology === 'stacked' && host.roles.includes('control-plane')
}

function etcdFolderOf({ kubernetes }: ClusterSpec): string {
  return etcdDataOf(kubernetes.clusterConfiguration).etcdData ?? defaultEtcdData
}
