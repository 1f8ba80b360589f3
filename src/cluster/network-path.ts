import { createHash } from 'node:crypto'
import type { ClusterSpec } from '../config/index.ts'
import type { NetworkPath } from '../resources/network-check/index.ts'
import { ciliumPath } from './cilium-path.ts'

/**
 * How packets of pods travel between nodes, and what a firewall has to let through for them. Sources: flannel's
 * Documentation/backends.md; https://docs.tigera.io/calico/latest/getting-started/kubernetes/requirements; Cilium's
 * Documentation/operations/system_requirements.rst.
 */
export function networkPathOf({ network }: ClusterSpec): NetworkPath {
  const { podCIDR, cni, flannel, calico } = network
  const look = looks[cni]
  const base = { podCIDR, ...(look === undefined ? {} : { look }) }
  if (cni === 'none') return { ...base, name: 'routes', filter: `net ${podCIDR}` }
  if (cni === 'flannel' && flannel.backend === 'host-gw') {
    const name = 'host-gw of flannel, which needs all nodes in one layer 2 network'
    return { ...base, name, filter: `net ${podCIDR}` }
  }
  if (cni === 'calico') {
    return calico.encapsulation === 'vxlan'
      ? { ...base, name: 'VXLAN of Calico', carriedBy: 'UDP port 4789', filter: 'udp port 4789' }
      : {
          ...base,
          name: 'IP in IP of Calico, with routes by BGP',
          carriedBy: 'IP protocol 4 or TCP port 179',
          filter: 'ip proto 4 or tcp port 179',
        }
  }
  if (cni === 'flannel') return { ...base, name: 'VXLAN of flannel', ...carriedBy(8472) }
  const { tunnel, wireguard } = ciliumPath(network)
  if (wireguard !== undefined) return { ...base, name: 'WireGuard of Cilium', ...carriedBy(wireguard) }
  if (tunnel !== undefined) return { ...base, name: `${tunnel.name} of Cilium`, ...carriedBy(tunnel.port) }
  return { ...base, name: 'native routing of Cilium', filter: `net ${podCIDR}` }
}

function carriedBy(port: number): Pick<NetworkPath, 'carriedBy' | 'filter'> {
  return { carriedBy: `UDP port ${port}`, filter: `udp port ${port}` }
}

const looks: Readonly<Record<string, string>> = {
  flannel: 'kubectl -n kube-flannel get pods -o wide',
  calico: 'kubectl -n kube-system get pods -l k8s-app=calico-node -o wide',
  cilium: 'kubectl -n kube-system exec daemonset/cilium -c cilium-agent -- cilium-dbg status --brief',
}

/** A text that names the network and its settings. When it changes, an earlier proof of the network no longer counts. */
export function networkName({ network, kubernetes }: ClusterSpec): string {
  const { cni, flannel, calico, cilium, podCIDR, serviceCIDR } = network
  const kinds = {
    flannel: `flannel ${flannel.version} ${flannel.backend}`,
    calico: `Calico ${calico.version} ${calico.encapsulation}`,
    cilium: `Cilium ${cilium.version}${cilium.kubeProxyReplacement ? ' in the place of kube-proxy' : ''}${valuesOf(cilium.values)}`,
    none: 'none',
  }
  return `${kinds[cni]}, pods ${podCIDR}, services ${serviceCIDR}, Kubernetes ${kubernetes.version}`
}

// Each value may change how packets travel. A hash keeps the text in one line.
function valuesOf(values: Readonly<Record<string, unknown>>): string {
  if (Object.keys(values).length === 0) return ''
  return ` with values ${createHash('sha256').update(JSON.stringify(values)).digest('hex').slice(0, 8)}`
}
