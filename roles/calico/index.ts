import { createHash } from 'node:crypto'
import { stringify } from 'yaml'
import {
  type ApiAccess,
  type ArtifactDownload,
  directory,
  file,
  installedArtifact,
  kustomization,
  type NetworkOutputs,
  type Role,
  type Task,
} from '../../src/index.ts'
import { calicoKustomization } from './patches.ts'

export interface CalicoParameters {
  readonly api: ApiAccess
  readonly manifest: ArtifactDownload
  /** CIDR. */
  readonly podCIDR: string
  readonly encapsulation: 'vxlan' | 'ipip'
  /** The registry that is used in place of quay.io/calico. */
  readonly registry?: string
  /** Done when the host can download. */
  readonly downloadAfter: readonly Task[]
  /** Done when there is a control plane. The role runs on its first node. */
  readonly controlPlane: Task
}

const folder = '/etc/evcctl/calico'
const daemonSet = { name: 'calico-node', namespace: 'kube-system' }

/** The pod network Calico: upstream's manifest with a few patches, applied by the kustomize that kubectl contains. */
export const calico: Role<CalicoParameters, NetworkOutputs> = {
  name: 'calico',
  declare(scope, { api, manifest, downloadAfter, controlPlane, ...settings }) {
    const made = scope.add(directory({ path: folder, mode: 0o755 }))
    const upstream = scope.add(
      installedArtifact({ name: 'calico-manifest', ...manifest, install: { data: `${folder}/calico.yaml` } }),
      { after: [...downloadAfter, made] },
    )
    const content = stringify(calicoKustomization(settings), { lineWidth: 0 })
    const configuration = createHash('sha256')
      .update(manifest.sha256 + content)
      .digest('hex')
      .slice(0, 16)
    const patches = scope.add(file({ path: `${folder}/kustomization.yaml`, mode: 0o644, content }), { after: [made] })
    const applied = scope.add(
      kustomization({
        api,
        name: 'calico',
        folder,
        carrier: { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: daemonSet },
        configuration,
      }),
      { after: [upstream, patches, controlPlane] },
    )
    return { applied, daemonSet }
  },
}
