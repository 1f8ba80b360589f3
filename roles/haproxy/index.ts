import {
  type LocalProxyOutputs,
  type LocalProxyParameters,
  type Role,
  runLocalProxy,
  templatesOf,
  upstreamsOf,
} from '../../src/index.ts'

/** Packages of Debian and Ubuntu that the proxy needs. */
export const haproxyPackages: readonly string[] = ['haproxy']

/** The unit that the package installs and that the proxy does not use. */
export const haproxyPackageUnit = 'haproxy.service'

/** The proxy's own unit. */
export const haproxyUnit = 'evcctl-haproxy.service'

const template = templatesOf(import.meta.url)

const binary = '/usr/sbin/haproxy'
const config = '/etc/evcctl/haproxy.cfg'

/**
 * The alternative to nginx-proxy. It asks every API server for /readyz, so one that listens but cannot serve gets no new
 * connections. It closes connections to a machine that vanished after about 5 s; nginx leaves that to the clients
 * (client-go: 45 s). New upstreams need only a reload, which keeps connections open.
 */
export const haproxy: Role<LocalProxyParameters, LocalProxyOutputs> = {
  name: 'haproxy',
  declare(scope, params) {
    const { port, upstreamPort } = params
    // Backup servers are used only when the node's own server is down, so its first failed connection has to be enough.
    const upstreams = upstreamsOf(params).map((upstream, index) => ({ name: `api${index + 1}`, ...upstream }))
    return runLocalProxy(scope, params, {
      binary,
      unit: haproxyUnit,
      unitText: template(haproxyUnit, { binary, config }),
      config,
      configText: template('haproxy.cfg', { port, upstreams, upstreamPort }),
    })
  },
}
