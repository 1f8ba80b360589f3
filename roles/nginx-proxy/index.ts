import { isIPv6 } from 'node:net'
import {
  type LocalProxyOutputs,
  type LocalProxyParameters,
  type Role,
  renderTemplate,
  runLocalProxy,
} from '../../src/index.ts'

/** Packages of Debian and Ubuntu that the proxy needs; on both, stream is a module of its own. */
export const nginxPackages: readonly string[] = ['libnginx-mod-stream', 'nginx']

/** Unit that those packages bring and that the proxy does not use. */
export const nginxUnit = 'nginx.service'

const binary = '/usr/sbin/nginx'
const config = '/etc/evcctl/nginx-proxy.conf'

/** The proxy's own unit. */
export const nginxProxyUnit = 'evcctl-nginx-proxy.service'

/**
 * A TCP proxy on a loopback port that balances over all API servers. It is a unit of its own, so that it runs before
 * the kubelet does, and so that an nginx of the user's stays what it is. New upstreams are a reload: connections live on.
 */
export const nginxProxy: Role<LocalProxyParameters, LocalProxyOutputs> = {
  name: 'nginx-proxy',
  declare(scope, params) {
    const { port, own, upstreamPort } = params
    const others = own !== undefined && params.upstreams.length > 1
    const upstreams = [...params.upstreams].sort().map(address => ({
      address: isIPv6(address) ? `[${address}]` : address,
      isBackup: others && address !== own,
    }))
    return runLocalProxy(scope, params, {
      binary,
      unit: nginxProxyUnit,
      unitText: template(nginxProxyUnit, { binary, config }),
      config,
      configText: template('nginx-proxy.conf', { port, upstreams, upstreamPort }),
    })
  },
}

function template(name: string, values: object): string {
  return renderTemplate(new URL(`templates/${name}.hbs`, import.meta.url), values)
}
