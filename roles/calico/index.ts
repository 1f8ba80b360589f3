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

/** The pod network Calico: upstream's manifest with a few patches, by the kustomize that kubectl has. */
export const calico = defineRole<CalicoParameters, { readonly applied: Task }>({
  name: 'calico',
  params: parameters,
  declare(scope, { manifest, downloadAfter, controlPlane, ...settings }) {
    const made = scope.add(directory({ path: folder, mode: 0o755 }))
    const upstream = scope.add(
      installedArtifact({ name: 'calico-manifest', ...manifest, install: { data: `${folder}/calico.yaml` } }),
      { after: [...downloadAfter, made] },
    )
    const bare = calicoKustomization(settings, '')
    const configuration = createHash('sha256')
      .update(manifest.sha256 + JSON.stringify(bare))
      .digest('hex')
      .slice(0, 16)
    const content = stringify(calicoKustomization(settings, configuration), { lineWidth: 0 })
    const patches = scope.add(file({ path: `${folder}/kustomization.yaml`, mode: 0o644, content }), { after: [made] })
    const applied = scope.add(
      kustomization({
        name: 'calico',
        folder,
        carrier: {
          apiVersion: 'apps/v1',
          kind: 'DaemonSet',
          metadata: { name: 'calico-node', namespace: 'kube-system' },
        },
        configuration,
      }),
      { after: [upstream, patches, controlPlane] },
    )
    return { applied }
  },
})
