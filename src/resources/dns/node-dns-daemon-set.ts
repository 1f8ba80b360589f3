import { isTree, type Tree } from '../support/index.ts'

/** Name of the DaemonSet in kube-system. */
export const nodeDnsName = 'coredns-node'

/** The label that tells the pods of the DaemonSet from those of the Deployment. */
const label = { 'evcctl.dev/dns': 'node' }

/**
 * The DaemonSet with the same pods as the Deployment of CoreDNS; undefined where there is no such Deployment, or it is
 * switched off. Placement rules of the Deployment are not copied: these pods run on every node, like kube-proxy's.
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

// kubeadm requests what the DNS of a whole cluster needs. These pods must not push others off a small machine.
function modest(container: unknown): unknown {
  if (!isTree(container)) return container
  const resources = isTree(container.resources) ? container.resources : {}
  return { ...container, resources: { ...resources, requests: { cpu: '25m', memory: '40Mi' } } }
}
