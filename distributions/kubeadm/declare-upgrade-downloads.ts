import { type UpgradeDownloadsOutputs, upgradeDownloads } from '../../roles/upgrade-downloads/index.ts'
import {
  type archivesFor,
  clusterOnTheWay,
  imagesOf,
  initConfiguration,
  isControlPlane,
  type KubeadmImages,
  type KubernetesDocument,
  type Machine,
  type PulledImagesParameters,
  renderDocuments,
  type Site,
} from '../../src/index.ts'
import { documentsOf } from './documents.ts'
import { kubeadmImageNames } from './image-names.ts'
import { nodeOf } from './node-of.ts'

/**
 * Declares the downloads of a running node that gets another version, and those of the versions that its API server passes through.
 * Where image archives are listed, the images come from them; else kubeadm pulls those of control plane nodes. Workers run no image
 * of kubeadm before kube-proxy is rolled out.
 */
export function declareUpgradeDownloads(
  on: Site,
  machine: Machine,
  archives: ReturnType<typeof archivesFor>,
): UpgradeDownloadsOutputs {
  const { spec, minorsOnTheWay } = on.inventory
  const { version, images } = spec.kubernetes
  const find = on.inventory.downloads(machine)
  const way = minorsOnTheWay.filter(({ behind }) => behind.includes(machine.name)).map(minor => minor.version)
  const pulls = archives.length === 0 && isControlPlane(machine.host)
  const { cluster } = documentsOf(on.inventory)
  const pulled = pulls
    ? [
        ...way.map(one =>
          pulledOn(on, machine, { version: one, cluster: clusterOnTheWay(cluster, one), images: imagesOf(one) }),
        ),
        pulledOn(on, machine, { version, cluster, images }),
      ]
    : []
  return on.declare(upgradeDownloads, machine.name, {
    programs: Object.fromEntries([
      ...way.map(one => [`kubeadm ${one}`, find('kubeadm', one)] as const),
      ...(['kubeadm', 'kubelet', 'kubectl'] as const).map(name => [name, find(name, version)] as const),
    ]),
    archives,
    store: spec.runtime.name,
    pulled: pulled.filter(one => one !== undefined),
  })
}

interface Wanted {
  readonly version: string
  readonly cluster: KubernetesDocument
  /** Undefined: not known; then kubeadm pulls them when they are needed. */
  readonly images: KubeadmImages | undefined
}

function pulledOn(
  on: Site,
  machine: Machine,
  { version, cluster, images }: Wanted,
): PulledImagesParameters | undefined {
  const { spec } = on.inventory
  if (images === undefined) return undefined
  const init = initConfiguration({
    ...nodeOf(spec, machine),
    bindPort: spec.controlPlane.bindPort,
    ignorePreflightErrors: [],
    patch: {},
  })
  return {
    version,
    images: kubeadmImageNames(cluster, version, images),
    store: spec.runtime.name,
    kubeadm: on.inventory.downloads(machine)('kubeadm', version).sha256,
    configuration: renderDocuments([init, cluster]),
  }
}
