import { haproxy, haproxyPackages, haproxyPackageUnit, haproxyUnit } from '../../roles/haproxy/index.ts'
import { nginxPackages, nginxProxy, nginxProxyUnit, nginxUnit } from '../../roles/nginx-proxy/index.ts'
import type { ClusterSpec } from '../../src/index.ts'

// Both proxies have the same parameters. Each one stops the other after a change in cluster.yaml.
const proxies = {
  nginx: {
    role: nginxProxy,
    unit: nginxProxyUnit,
    packages: nginxPackages,
    packageUnit: nginxUnit,
    replaces: haproxyUnit,
  },
  haproxy: {
    role: haproxy,
    unit: haproxyUnit,
    packages: haproxyPackages,
    packageUnit: haproxyPackageUnit,
    replaces: nginxProxyUnit,
  },
} as const

/** The local proxy of every node; undefined if the API has an external endpoint. */
export function localProxyOf({ controlPlane }: ClusterSpec): (typeof proxies)[keyof typeof proxies] | undefined {
  return controlPlane.endpoint === undefined ? proxies[controlPlane.localProxy] : undefined
}
