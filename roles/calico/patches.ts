import { stringify } from 'yaml'

export interface CalicoSettings {
  /** CIDR. */
  readonly podCIDR: string
  readonly encapsulation: 'vxlan' | 'ipip'
  /** The registry that is used in place of quay.io/calico. */
  readonly registry?: string | undefined
}

const images = ['node', 'cni', 'kube-controllers']

/**
 * kustomization.yaml for manifests/calico.yaml of Calico 3.31 and 3.32. The patches for VXLAN have the same effect as
 * upstream's manifests/calico-vxlan.yaml: BIRD does not run, and no probe asks for it.
 */
export function calicoKustomization(settings: CalicoSettings): Record<string, unknown> {
  const { registry } = settings
  return {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: ['calico.yaml'],
    ...(registry === undefined
      ? {}
      : { images: images.map(name => ({ name: `quay.io/calico/${name}`, newName: `${registry}/${name}` })) }),
    patches: [node(settings), ...(settings.encapsulation === 'vxlan' ? [backend('vxlan')] : [])].map(patch => ({
      patch: stringify(patch, { lineWidth: 0 }),
    })),
  }
}

function node({ podCIDR, encapsulation }: CalicoSettings) {
  const isVxlan = encapsulation === 'vxlan'
  const env = {
    CALICO_IPV4POOL_CIDR: podCIDR,
    CALICO_IPV4POOL_IPIP: isVxlan ? 'Never' : 'Always',
    CALICO_IPV4POOL_VXLAN: isVxlan ? 'Always' : 'Never',
    // Calico uses the address that the kubelet was given, not that of the first interface.
    IP_AUTODETECTION_METHOD: 'kubernetes-internal-ip',
  }
  const probe = (flag: string) => ({ exec: { command: ['/bin/calico-node', flag] } })
  const container = {
    name: 'calico-node',
    env: Object.entries(env).map(([name, value]) => ({ name, value })),
    ...(isVxlan ? { livenessProbe: probe('-felix-live'), readinessProbe: probe('-felix-ready') } : {}),
  }
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'calico-node', namespace: 'kube-system' },
    spec: { template: { spec: { containers: [container] } } },
  }
}

function backend(name: string) {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'calico-config', namespace: 'kube-system' },
    data: { calico_backend: name },
  }
}
