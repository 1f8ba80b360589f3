import { createHash } from 'node:crypto'
import { stringify } from 'yaml'
import { z } from 'zod'
import {
  artifactDownload,
  defineRole,
  directory,
  file,
  installedArtifact,
  kustomization,
  type NetworkOutputs,
  type Task,
} from '../../src/index.ts'
import { calicoKustomization } from './patches.ts'

const parameters = z.strictObject({
  manifest: artifactDownload,
  /** CIDR. */
  podCIDR: z.string(),
  encapsulation: z.enum(['vxlan', 'ipip']),
  /** In the place of quay.io/calico. */
  registry: z.string().optional(),
  /** What downloads need. */
  downloadAfter: z.array(z.custom<Task>()),
  /** Done when there is a control plane, on whose first node the role runs. */
  controlPlane: z.custom<Task>(),
})

export type CalicoParameters = z.output<typeof parameters>

const folder = '/etc/evcctl/calico'
const daemonSet = { name: 'calico-node', namespace: 'kube-system' }

/** The pod network Calico: upstream's manifest with a few patches, by the kustomize that kubectl has. */
export const calico = defineRole<CalicoParameters, NetworkOutputs>({
  name: 'calico',
  params: parameters,
  declare(scope, { manifest, downloadAfter, controlPlane, ...settings }) {
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
        name: 'calico',
        folder,
        carrier: { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: daemonSet },
        configuration,
      }),
      { after: [upstream, patches, controlPlane] },
    )
    return { applied, daemonSet }
  },
})
