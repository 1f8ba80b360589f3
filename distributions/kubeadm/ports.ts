import { type ClusterSpec, type DistributionPorts, nodePortsOf } from '../../src/index.ts'

const defaultKubeletPort = 10_250

/** https://kubernetes.io/docs/reference/networking/ports-and-protocols/ */
export function portsOf({ kubernetes, controlPlane }: ClusterSpec): DistributionPorts {
  const { port } = kubernetes.kubeletConfiguration
  return {
    kubelet: typeof port === 'number' ? port : defaultKubeletPort,
    nodePorts: nodePortsOf(kubernetes.clusterConfiguration),
    ofNodes: [
      { port: defaultKubeletPort, owner: 'kubelet' },
      { port: 10_249, owner: 'kube-proxy' },
      { port: 10_256, owner: 'kube-proxy' },
    ],
    ofServers: [
      { port: controlPlane.bindPort, owner: 'kube-apiserver' },
      { port: 10_257, owner: 'kube-controller-manager' },
      { port: 10_259, owner: 'kube-scheduler' },
    ],
  }
}
