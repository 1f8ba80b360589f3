import { etcdPackages } from '../../roles/etcd-host/index.ts'
import { images } from '../../roles/images/index.ts'
import { kubernetesBinaries } from '../../roles/kubernetes-binaries/index.ts'
import { type OsOutputs, os } from '../../roles/os/index.ts'
import {
  archivesFor,
  type ClusterSpec,
  defaultEtcdData,
  etcdDataOf,
  hasEtcdHosts,
  isControlPlane,
  type Machine,
  type Task,
} from '../../src/index.ts'
import type { Site } from '../site.ts'
import { declareRuntime, type HostRuntime, runtimePackages } from './declare-runtime.ts'
import { localProxyOf } from './local-proxy.ts'
import type { OpenedHost } from './open-firewalls.ts'

/** A host with what any program needs. */
export interface PreparedHost extends OpenedHost {
  /** Done when it has that: packages, folders, kernel settings. */
  readonly system: readonly Task[]
}

/** A host that can become a node. */
export interface PreparedNode extends PreparedHost {
  /** All that kubeadm needs. */
  readonly prepared: readonly Task[]
  /** What a running kubelet has to be restarted for. */
  readonly kubelet: readonly Task[]
  /** The container runtime's units; see ContainerRuntimeOutputs. */
  readonly kept: HostRuntime['kept']
}

/** Makes a bare host ready for kubeadm; waits for no other host. */
export function prepareNode(on: Site, { machine, opened }: OpenedHost): PreparedNode {
  const { spec, apiServers } = on.inventory
  const { name } = machine
  const downloads = on.inventory.downloads(machine)
  const archives = archivesFor(spec, machine)
  const system = prepareSystem(on, machine, archives.length > 0)
  const installed = system.packages === undefined ? [] : [system.packages]
  const proxyKind = localProxyOf(spec)
  const proxy =
    proxyKind &&
    on.declare(proxyKind.role, name, {
      port: spec.controlPlane.localProxyPort,
      upstreams: apiServers,
      ...(isControlPlane(machine.host) ? { own: machine.address } : {}),
      upstreamPort: spec.controlPlane.bindPort,
      replaces: proxyKind.replaces,
      after: installed,
    })
  const runtime = declareRuntime(on, machine, { downloads, downloadAfter: installed, startAfter: system.all })
  const { loaded } = on.declare(images, name, { archives, store: spec.runtime.name, runtime: runtime.ready })
  const programs = on.declare(kubernetesBinaries, name, {
    kubeadm: downloads.kubeadm,
    kubelet: downloads.kubelet,
    kubectl: downloads.kubectl,
    ...(runsEtcd(spec, machine) ? { etcdData: etcdFolderOf(spec) } : {}),
    kubeletAfter: [runtime.unit, ...(proxyKind === undefined ? [] : [proxyKind.unit])],
    downloadAfter: installed,
  })
  const proxied = proxy === undefined ? [] : [proxy.ready]
  return {
    machine,
    opened,
    system: system.all,
    prepared: [...system.all, ...opened, ...proxied, runtime.ready, runtime.cniPlugins, ...loaded, ...programs.all],
    kubelet: [...programs.kubelet, runtime.ready],
    kept: runtime.kept,
  }
}

function prepareSystem({ inventory, declare }: Site, machine: Machine, hasArchives: boolean): OsOutputs {
  const { spec } = inventory
  const { name, host, address, proxy } = machine
  const runtime = runtimePackages(spec, hasArchives)
  const localProxy = localProxyOf(spec)
  const makesKeys = hasEtcdHosts(spec) && host.roles.some(role => role !== 'worker')
  return declare(os, name, {
    packages: {
      ...spec.os.packages,
      extra: [
        ...spec.os.packages.extra,
        ...(localProxy?.packages ?? []),
        ...(makesKeys ? etcdPackages : []),
        ...runtime.names,
      ],
      keepDisabled: [...(localProxy === undefined ? [] : [localProxy.packageUnit]), ...runtime.keepDisabled],
    },
    sysctls: spec.os.sysctls,
    kernelModules: [...spec.os.kernelModules, ...modulesOf(spec)],
    disableSwap: spec.os.disableSwap,
    setHostname: spec.os.setHostname,
    hostname: name,
    address,
    ...(proxy === undefined ? {} : { proxy }),
  })
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
  return etcd.topology === 'stacked' && isControlPlane(host)
}

function etcdFolderOf({ kubernetes }: ClusterSpec): string {
  return etcdDataOf(kubernetes.clusterConfiguration).etcdData ?? defaultEtcdData
}
