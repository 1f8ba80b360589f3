import { deepMerge } from '../../src/index.ts'

export interface CiliumSettings {
  readonly kubeProxyReplacement: boolean
  /** `host:port` of the API on every node. */
  readonly endpoint: string
  readonly nodes: number
  readonly values: Readonly<Record<string, unknown>>
}

/**
 * Values of upstream's chart (install/kubernetes/cilium/values.yaml of Cilium 1.20) where its defaults do not fit:
 * nodes get their addresses from Kubernetes, like with any other network, and the agent asks the API by the way that
 * every node has, since it works before Services do. Pods are replaced when their settings change: most of these are
 * in a ConfigMap that is read at start only.
 */
export function ciliumValues(settings: CiliumSettings): Record<string, unknown> {
  const { kubeProxyReplacement, endpoint, nodes, values } = settings
  const colon = endpoint.lastIndexOf(':')
  const base = {
    envoy: { rollOutPods: true },
    hubble: { relay: { rollOutPods: true } },
    ipam: { mode: 'kubernetes' },
    k8sServiceHost: endpoint.slice(0, colon).replace(/^\[|\]$/g, ''),
    k8sServicePort: Number(endpoint.slice(colon + 1)),
    kubeProxyReplacement,
    // For Services that say so themselves, like the one of the cluster's DNS; kube-proxy does it unasked.
    loadBalancer: { serviceTopology: true },
    operator: { replicas: Math.min(nodes, 2), rollOutPods: true },
    rollOutCiliumPods: true,
    routingMode: 'tunnel',
    tunnelProtocol: 'vxlan',
  }
  return deepMerge(base, values)
}
