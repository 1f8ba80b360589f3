import { isTree, type Tree } from '../support/index.ts'

/** Name of the DaemonSet in kube-system. */
export const nodeDnsName = 'coredns-node'

/** Tells its pods from those of the Deployment. */
const label = { 'evcctl.dev/dns': 'node' }

/**
 * The DaemonSet of the pods that a Deployment of CoreDNS has; undefined where that is none, or switched off. Where those may
 * run says nothing of these: they run wherever pods do, like kube-proxy's.
 */
export function nodeDnsDaemonSet(deployment: unknown): Tree | undefined {
  if (!isTree(deployment) || !isTree(deployment.spec) || deployment.spec.replicas === 0) return undefined
  const { template } = deployment.spec
  if (!isTree(template) || !isTree(template.spec)) return undefined
  const { affinity: _affinity, topologySpreadConstraints: _spread, containers, ...pod } = template.spec
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: nodeDnsName, namespace: 'kube-system' },
    spec: {
      selector: { matchLabels: label },
      template: {
        metadata: { labels: { 'k8s-app': 'kube-dns', ...label } },
        spec: {
          ...pod,
          containers: Array.isArray(containers) ? containers.map(modest) : [],
          nodeSelector: { 'kubernetes.io/os': 'linux' },
          priorityClassName: 'system-node-critical',
          tolerations: [{ operator: 'Exists' }],
        },
      },
    },
  }
}

// kubeadm asks for what the DNS of a whole cluster needs. This one must not drive anything off a small machine.
function modest(container: unknown): unknown {
  if (!isTree(container)) return container
  const resources = isTree(container.resources) ? container.resources : {}
  return { ...container, resources: { ...resources, requests: { cpu: '25m', memory: '40Mi' } } }
}
