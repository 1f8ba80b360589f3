import {
  type LocalProxyOutputs,
  type LocalProxyParameters,
  type Role,
  runLocalProxy,
  templatesOf,
  upstreamsOf,
} from '../../src/index.ts'

/** The Debian and Ubuntu packages that the proxy needs; in both, the stream module is a separate package. */
export const nginxPackages: readonly string[] = ['libnginx-mod-stream', 'nginx']

/** The unit that those packages install and that the proxy does not use. */
export const nginxUnit = 'nginx.service'

const template = templatesOf(import.meta.url)

const binary = '/usr/sbin/nginx'
const config = '/etc/evcctl/nginx-proxy.conf'

/** The proxy's own unit. */
export const nginxProxyUnit = 'evcctl-nginx-proxy.service'

/**
 * A TCP proxy on a loopback port that balances over all API servers. It has a unit of its own, so that it runs before the
 * kubelet and does not touch an nginx of the user. New upstreams need only a reload, which keeps connections open.
 */
export const nginxProxy: Role<LocalProxyParameters, LocalProxyOutputs> = {
  name: 'nginx-proxy',
  declare(scope, params) {
    const { port, upstreamPort } = params
    return runLocalProxy(scope, params, {
      binary,
      unit: nginxProxyUnit,
      unitText: template(nginxProxyUnit, { binary, config }),
      config,
      configText: template('nginx-proxy.conf', { port, upstreams: upstreamsOf(params), upstreamPort }),
    })
  },
}
