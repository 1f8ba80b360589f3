import { etcdTools } from '../../roles/etcd-tools/index.ts'
import { images } from '../../roles/images/index.ts'
import { kubernetesBinaries } from '../../roles/kubernetes-binaries/index.ts'
import {
  archivesFor,
  defaultEtcdData,
  etcdArchiveFolder,
  etcdDataOf,
  getsOtherVersion,
  isControlPlane,
  type Machine,
  type PreparedPrograms,
  type PrepareOrder,
  type Site,
} from '../../src/index.ts'
import { declareRuntime } from './declare-runtime.ts'
import { declareUpgradeDownloads } from './declare-upgrade-downloads.ts'

/** Declares the container runtime, its images, and the programs of Kubernetes. */
export function prepare(on: Site, machine: Machine, order: PrepareOrder): PreparedPrograms {
  const { spec } = on.inventory
  const { version } = spec.kubernetes
  const { name } = machine
  const { downloadAfter, startAfter, units } = order
  const find = on.inventory.downloads(machine)
  const runtime = declareRuntime(on, machine, { downloadAfter, startAfter })
  const archives = archivesFor(spec, machine)
  const store = spec.runtime.name
  const ahead = getsOtherVersion(spec, machine) ? declareUpgradeDownloads(on, machine, archives) : undefined
  const { loaded } = ahead ?? on.declare(images, name, { archives, store, runtime: runtime.ready })
  const etcdData = etcdFolderOf(on, machine)
  const programs = on.declare(kubernetesBinaries, name, {
    kubeadm: find('kubeadm', version),
    kubelet: find('kubelet', version),
    kubectl: find('kubectl', version),
    ...(etcdData === undefined ? {} : { etcdData }),
    isNode: machine.facts.kubernetes.kubeletConf && !machine.facts.remains.begun,
    kubeletAfter: [runtime.unit, ...units],
    downloadAfter,
  })
  if (spec.etcd.topology === 'stacked' && isControlPlane(machine.host)) {
    const etcd = find('etcd', spec.etcd.version)
    const archiveFolder = etcdArchiveFolder(machine, spec.etcd.version)
    on.declare(etcdTools, name, { etcd, archiveFolder, downloadAfter })
  }
  return {
    ready: [runtime.ready, runtime.cniPlugins, ...loaded, ...programs.all],
    kubelet: [...programs.kubelet, runtime.ready],
    last: programs.last,
    fetched: ahead?.all ?? [],
    kept: runtime.kept,
  }
}

// The folder for the data of etcd; undefined if the host has no member of a stacked etcd.
function etcdFolderOf({ inventory }: Site, { host }: Machine): string | undefined {
  const { etcd, kubernetes } = inventory.spec
  if (etcd.topology !== 'stacked' || !isControlPlane(host)) return undefined
  return etcdDataOf(kubernetes.clusterConfiguration).etcdData ?? defaultEtcdData
}
