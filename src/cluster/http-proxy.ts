import type { ClusterSecrets, ClusterSpec } from '../config/index.ts'
import type { HttpProxy } from '../core/index.ts'
import { endpointOf } from './control-plane.ts'

/**
 * The HTTP proxy of the hosts; undefined if cluster.yaml has none. Requests inside the cluster do not go through it. Its
 * lists depend on the file alone, so that a host that does not answer does not change them on all others.
 */
export function proxyOf(spec: ClusterSpec, secrets: ClusterSecrets): HttpProxy | undefined {
  if (spec.proxy === undefined) return undefined
  const { login: _, ...proxy } = spec.proxy
  return {
    ...proxy,
    noProxy: entries([...ofTheCluster(spec), ...proxy.noProxy]),
    hosts: entries(
      spec.hosts.flatMap(({ name, address, privateAddress }) => [name, address, privateAddress ?? address]),
    ),
    ...(secrets.proxy === undefined ? {} : { login: secrets.proxy }),
  }
}

// 127.0.0.1 is listed too, because some versions of curl do not know ranges.
function ofTheCluster(spec: ClusterSpec): readonly string[] {
  const { network, kubernetes, etcd } = spec
  return [
    'localhost',
    '127.0.0.1',
    '127.0.0.0/8',
    '.svc',
    `.${kubernetes.clusterDomain}`,
    network.serviceCIDR,
    network.podCIDR,
    nameOf(`https://${endpointOf(spec)}`),
    ...('endpoints' in etcd ? etcd.endpoints.map(nameOf) : []),
  ]
}

// A Host alias of ~/.ssh/config may be no name for which a client would ask a proxy.
function entries(names: readonly string[]): readonly string[] {
  return [...new Set(names.map(name => name.toLowerCase()))].filter(name => /^[\w.:/-]+$/.test(name))
}

function nameOf(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, '')
}
