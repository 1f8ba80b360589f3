import type { NetworkPath } from '../../src/resources/network-check/cause.ts'
import type { CheckPods } from '../../src/resources/network-check/pods.ts'

export const checkName = 'evcctl-network-check-0011aabb'

/** The pods of a check on three nodes, all of which run. */
export const checkPodsGiven: CheckPods = {
  name: checkName,
  pods: ['cp1', 'w1', 'w2'].map((node, index) => ({
    node,
    name: `${checkName}-${node}`,
    address: `10.244.${index}.5`,
    hostAddress: `192.0.2.1${index}`,
    problem: '',
  })),
  dnsNodes: ['cp1'],
}

export const vxlan: NetworkPath = {
  name: 'VXLAN of flannel',
  carriedBy: 'UDP port 8472',
  filter: 'udp port 8472',
  podCIDR: '10.244.0.0/16',
  look: 'kubectl -n kube-flannel get pods -o wide',
}
