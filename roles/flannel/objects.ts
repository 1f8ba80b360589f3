import { createHash } from 'node:crypto'
import type { KubernetesObject } from '../../src/index.ts'
import { cniScript, cniTemplate } from './cni-configuration.ts'

export interface FlannelSettings {
  readonly podCIDR: string
  readonly backend: 'vxlan' | 'host-gw'
  /** Image with flanneld at /opt/bin/flanneld and a shell, like upstream's. */
  readonly image: string
  /** `host:port` of the API on every node: flannel has to work before kube-proxy does. */
  readonly endpoint: string
}

const namespace = 'kube-flannel'
const labels = { app: 'flannel', 'k8s-app': 'flannel' }

/** flannel as upstream runs it (Documentation/kube-flannel.yml of flannel 0.28), but without a CNI plugin of its own. */
export function flannelObjects(settings: FlannelSettings): readonly KubernetesObject[] {
  const data = {
    'cni-conf.json': cniTemplate,
    'net-conf.json': `${JSON.stringify({ Network: settings.podCIDR, Backend: { Type: settings.backend } }, undefined, 2)}\n`,
    'write-cni-conf.sh': cniScript,
  }
  return [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {
        name: namespace,
        labels: { 'k8s-app': 'flannel', 'pod-security.kubernetes.io/enforce': 'privileged' },
      },
    },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'flannel', namespace, labels } },
    ...rights(),
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kube-flannel-cfg', namespace, labels }, data },
    daemonSet(settings, createHash('sha256').update(JSON.stringify(data)).digest('hex').slice(0, 16)),
  ]
}

function rights(): readonly KubernetesObject[] {
  return [
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'flannel', labels },
      rules: [
        { apiGroups: [''], resources: ['pods'], verbs: ['get'] },
        { apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list', 'watch'] },
        { apiGroups: [''], resources: ['nodes/status'], verbs: ['patch'] },
      ],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'flannel', labels },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'flannel' },
      subjects: [{ kind: 'ServiceAccount', name: 'flannel', namespace }],
    },
  ]
}

function daemonSet(settings: FlannelSettings, checksum: string): KubernetesObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'kube-flannel-ds', namespace, labels },
    spec: {
      selector: { matchLabels: { app: 'flannel' } },
      template: {
        metadata: {
          labels,
          // This annotation replaces the pods when the ConfigMap changes: they do not notice it themselves.
          annotations: { 'evcctl.dev/configuration': checksum },
        },
        spec: {
          affinity: linuxOnly,
          hostNetwork: true,
          priorityClassName: 'system-node-critical',
          tolerations: [{ operator: 'Exists' }],
          serviceAccountName: 'flannel',
          containers: [flanneld(settings), cniConfiguration(settings.image)],
          volumes: [
            { name: 'run', hostPath: { path: '/run/flannel', type: 'DirectoryOrCreate' } },
            { name: 'cni', hostPath: { path: '/etc/cni/net.d', type: 'DirectoryOrCreate' } },
            { name: 'configuration', configMap: { name: 'kube-flannel-cfg' } },
            { name: 'xtables-lock', hostPath: { path: '/run/xtables.lock', type: 'FileOrCreate' } },
          ],
        },
      },
    },
  }
}

const linuxOnly = {
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/os', operator: 'In', values: ['linux'] }] }],
    },
  },
}

function flanneld({ image, endpoint }: FlannelSettings) {
  const colon = endpoint.lastIndexOf(':')
  return {
    name: 'kube-flannel',
    image,
    command: ['/opt/bin/flanneld'],
    // Nodes use the address that the kubelet was given, whatever the default route is.
    args: ['--ip-masq', '--kube-subnet-mgr', '--iface=$(NODE_IP)'],
    env: [
      { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
      { name: 'NODE_IP', valueFrom: { fieldRef: { fieldPath: 'status.hostIP' } } },
      { name: 'KUBERNETES_SERVICE_HOST', value: endpoint.slice(0, colon).replace(/^\[|\]$/g, '') },
      { name: 'KUBERNETES_SERVICE_PORT', value: endpoint.slice(colon + 1) },
      { name: 'EVENT_QUEUE_DEPTH', value: '5000' },
    ],
    resources: { requests: { cpu: '100m', memory: '50Mi' } },
    securityContext: { privileged: false, capabilities: { add: ['NET_ADMIN', 'NET_RAW'] } },
    volumeMounts: [
      { name: 'run', mountPath: '/run/flannel' },
      { name: 'configuration', mountPath: '/etc/kube-flannel' },
      { name: 'xtables-lock', mountPath: '/run/xtables.lock' },
    ],
  }
}

function cniConfiguration(image: string) {
  return {
    name: 'cni-configuration',
    image,
    command: ['/bin/sh', '/etc/kube-flannel/write-cni-conf.sh'],
    resources: { requests: { cpu: '1m', memory: '5Mi' } },
    volumeMounts: [
      { name: 'run', mountPath: '/run/flannel', readOnly: true },
      { name: 'cni', mountPath: '/etc/cni/net.d' },
      { name: 'configuration', mountPath: '/etc/kube-flannel' },
    ],
  }
}
