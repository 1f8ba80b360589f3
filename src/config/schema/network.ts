import { z } from 'zod'
import { flag, ipv4Range, text, version } from './scalars.ts'

const flannel = z.strictObject({
  version: version.describe('flannel version. Default: the newest of the catalog.').optional(),
  backend: z
    .enum(['vxlan', 'host-gw'])
    .describe('How packets travel between nodes; `host-gw` needs all nodes in one layer 2 network.')
    .default('vxlan'),
  image: text(
    /^\S+:[\w.-]+(@sha256:[0-9a-f]{64})?$/,
    'an image reference with a tag, e.g. ghcr.io/flannel-io/flannel:v0.28.4',
  )
    .describe('Image to use in the place of `ghcr.io/flannel-io/flannel:v<version>`.')
    .optional(),
})

const calico = z.strictObject({
  version: version
    .describe(
      "Calico version. Default: the newest of the catalog that goes with the Kubernetes version. Upstream's manifest is " +
        'downloaded to the first control plane node, like any other artifact.',
    )
    .optional(),
  encapsulation: z
    .enum(['vxlan', 'ipip'])
    .describe('How packets travel between nodes: UDP port 4789, or IP protocol 4 with routes by BGP (TCP port 179).')
    .default('vxlan'),
  registry: text(
    /^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:\d{1,5})?(\/[a-z0-9._-]+)*$/,
    'a registry with an optional path, e.g. registry.example:5000/calico',
  )
    .describe(
      'Registry and path in the place of `quay.io/calico`: images are `<registry>/node:v<version>`, cni, kube-controllers.',
    )
    .optional(),
})

const cilium = z.strictObject({
  version: version
    .describe(
      "Cilium version. Default: the newest of the catalog. Upstream's Helm chart and helm are downloaded to the first " +
        'control plane node, like any other artifact; the release is `cilium` in kube-system.',
    )
    .optional(),
  helmVersion: version.describe('Version of helm. Default: the newest of the catalog.').optional(),
  kubeProxyReplacement: flag
    .describe('Cilium does the work of kube-proxy, and there is none. Settled when the cluster is made.')
    .default(false),
  values: z
    .record(z.string(), z.unknown())
    .describe(
      "Deep-merged over the values that evcctl gives to Cilium's Helm chart, e.g. `hubble: { relay: { enabled: true } }`, " +
        'or `image: { repository: registry.example/cilium, useDigest: false }`.',
    )
    .prefault({}),
})

/** `spec.network` */
export const networkSchema = z.strictObject({
  cni: z
    .enum(['flannel', 'calico', 'cilium', 'none'])
    .describe(
      'Network of the pods, settled when the cluster is made. `none` leaves it to you: nodes are NotReady until you set one ' +
        'up, and `evcctl network check` says whether it works. On hosts that had another network before, `kubeadm reset` is ' +
        'not enough: remove its files from /etc/cni/net.d, too, and restart them.',
    )
    .default('flannel'),
  podCIDR: ipv4Range.describe('Addresses of pods.').default('10.244.0.0/16'),
  nodePrefix: z
    .int()
    .min(8, { error: 'a prefix length, 8 to 30' })
    .max(30, { error: 'a prefix length, 8 to 30' })
    .describe('Prefix length of the part of podCIDR that each node gets. Calico divides podCIDR in its own way.')
    .default(24),
  serviceCIDR: ipv4Range.describe('Addresses of services.').default('10.96.0.0/12'),
  nodeDNS: z
    .boolean()
    .describe(
      'From two nodes on, CoreDNS runs on every node besides the two pods that kubeadm makes, and pods ask the one of their ' +
        'own node: so the loss of a machine costs the others no lookup. Every node needs its image and some 40 MB. `false` ' +
        'takes it off again: then lookups go to a lost machine, too, until Kubernetes notices that, after some 45 s.',
    )
    .default(true),
  cniPluginsVersion: version
    .describe(
      'Version of the standard CNI plugins (bridge, host-local, portmap, …). Default: the newest of the catalog.',
    )
    .optional(),
  flannel: flannel.describe('Settings of flannel.').prefault({}),
  calico: calico.describe('Settings of Calico.').prefault({}),
  cilium: cilium.describe('Settings of Cilium.').prefault({}),
})
