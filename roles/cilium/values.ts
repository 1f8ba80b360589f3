import { deepMerge } from '../../src/index.ts'

export interface CiliumSettings {
  readonly kubeProxyReplacement: boolean
  /** `host:port` of the API on every node. */
  readonly endpoint: string
  readonly nodes: number
  readonly values: Readonly<Record<string, unknown>>
}

/**
 * Values of upstream's chart (install/kubernetes/cilium/values.yaml of Cilium 1.20) where its defaults do not fit.
 * Nodes get their pod addresses from Kubernetes, as with the other networks. The agent uses the API endpoint that every
 * node has, because the agent starts before Services work. Pods are replaced when their settings change: most settings
 * are in a ConfigMap that the agent reads only when it starts.
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
    // For Services with a traffic distribution, like the Service of the cluster's DNS; kube-proxy supports this by default.
    loadBalancer: { serviceTopology: true },
    operator: { replicas: Math.min(nodes, 2), rollOutPods: true },
    rollOutCiliumPods: true,
    routingMode: 'tunnel',
    tunnelProtocol: 'vxlan',
  }
  return deepMerge(base, values)
}
