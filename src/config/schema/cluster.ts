import { z } from 'zod'
import { artifactsSchema, imagesSchema } from './artifacts.ts'
import { controlPlaneSchema } from './control-plane.ts'
import { etcdSchema } from './etcd.ts'
import { firewallSchema } from './firewall.ts'
import { hostSchema } from './hosts.ts'
import { kubernetesSchema } from './kubernetes.ts'
import { networkSchema } from './network.ts'
import { osSchema, preflightSchema } from './os.ts'
import { proxySchema } from './proxy.ts'
import { rolloutSchema } from './rollout.ts'
import { runtimeSchema } from './runtime.ts'
import { dnsLabel } from './scalars.ts'
import { sshSchema } from './ssh.ts'

/** `spec` without the hosts: every section may be left out. */
export const sectionsSchema = z.strictObject({
  kubernetes: kubernetesSchema.describe('Version and configuration of Kubernetes.').prefault({}),
  controlPlane: controlPlaneSchema.describe('How the API servers are reached.').prefault({}),
  etcd: etcdSchema.describe('Where the state of the cluster is kept.').prefault({}),
  runtime: runtimeSchema.describe('What runs the containers.').prefault({}),
  network: networkSchema.describe('Networks of pods and services.').prefault({}),
  ssh: sshSchema.describe('How hosts are reached; every key can be set for a host as well.').prefault({}),
  artifacts: artifactsSchema.describe('Where binaries come from.').prefault({}),
  proxy: proxySchema
    .describe(
      'Proxy through which hosts download, install packages and pull images. Never used among the nodes. Without it, downloads and packages go by what the environment of a host says (/etc/environment), images by what systemd gives the runtime.',
    )
    .prefault({}),
  images: imagesSchema.describe('Where container images come from.').prefault({}),
  os: osSchema.describe('The operating system of the hosts.').prefault({}),
  firewall: firewallSchema.describe('What the firewalls of the hosts let through.').prefault({}),
  preflight: preflightSchema.describe('What is checked on the hosts before anything is written.').prefault({}),
  rollout: rolloutSchema
    .describe(
      'How nodes change that run already, whatever the change is: one node first, then the others in batches, each when the ' +
        'one before is well with what it got. When one is not, those after it stay as they are. A plan shows the batches.',
    )
    .prefault({}),
})

/** cluster.yaml as it is written. */
export const clusterSchema = z
  .strictObject({
    apiVersion: z.literal('evcctl.dev/v1alpha1').describe('Version of this format.'),
    kind: z.literal('Cluster').describe('What the file describes.'),
    metadata: z
      .strictObject({ name: dnsLabel.describe('Name of the cluster.') })
      .describe('What the cluster is called.'),
    spec: sectionsSchema
      .extend({
        hosts: z.array(hostSchema).min(1, { error: 'at least one host' }).describe('The machines of the cluster.'),
      })
      .describe('What the cluster should be.'),
  })
  .describe('A Kubernetes cluster and its hosts.')

export type Sections = z.output<typeof sectionsSchema>
export type ParsedHost = z.output<typeof hostSchema>
export type ParsedSsh = z.output<typeof sshSchema>
