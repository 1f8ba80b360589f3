import { type UpgradeDownloadsOutputs, upgradeDownloads } from '../../roles/upgrade-downloads/index.ts'
import {
  type archivesFor,
  initConfiguration,
  isControlPlane,
  type Machine,
  type PulledImagesParameters,
  renderDocuments,
  type Site,
} from '../../src/index.ts'
import { documentsOf } from './documents.ts'
import { kubeadmImageNames } from './image-names.ts'
import { nodeOf } from './node-of.ts'

/**
 * Declares the downloads of a running node that gets another version. Where image archives are listed, the images come from
 * them; else kubeadm pulls those of control plane nodes. Workers run no image of kubeadm before kube-proxy is rolled out.
 */
export function declareUpgradeDownloads(
  on: Site,
  machine: Machine,
  archives: ReturnType<typeof archivesFor>,
): UpgradeDownloadsOutputs {
  const { spec } = on.inventory
  const { version } = spec.kubernetes
  const find = on.inventory.downloads(machine)
  const programs = Object.fromEntries(
    ['kubeadm', 'kubelet', 'kubectl'].map(name => [name, find(name as 'kubeadm', version)]),
  )
  const pulls = archives.length === 0 && isControlPlane(machine.host)
  return on.declare(upgradeDownloads, machine.name, {
    programs,
    archives,
    store: spec.runtime.name,
    pulled: pulls ? pulledOn(on, machine) : undefined,
  })
}

function pulledOn(on: Site, machine: Machine): PulledImagesParameters | undefined {
  const { spec } = on.inventory
  const { version, images: tags } = spec.kubernetes
  if (tags === undefined) return undefined
  const { cluster } = documentsOf(on.inventory)
  const init = initConfiguration({
    ...nodeOf(spec, machine),
    bindPort: spec.controlPlane.bindPort,
    ignorePreflightErrors: [],
    patch: {},
  })
  return {
    version,
    images: kubeadmImageNames(cluster, version, tags),
    store: spec.runtime.name,
    kubeadm: on.inventory.downloads(machine)('kubeadm', version).sha256,
    configuration: renderDocuments([init, cluster]),
  }
}
