import { isIPv6 } from 'node:net'
import {
  type LocalProxyOutputs,
  type LocalProxyParameters,
  type Role,
  renderTemplate,
  runLocalProxy,
} from '../../src/index.ts'

/** Packages of Debian and Ubuntu that the proxy needs. */
export const haproxyPackages: readonly string[] = ['haproxy']

/** Unit that the package brings and that the proxy does not use. */
export const haproxyPackageUnit = 'haproxy.service'

/** The proxy's own unit. */
export const haproxyUnit = 'evcctl-haproxy.service'

const binary = '/usr/sbin/haproxy'
const config = '/etc/evcctl/haproxy.cfg'

/**
 * The alternative to nginx-proxy: it asks every API server for /readyz, so that one that listens but cannot serve gets no
 * new connections; and it closes connections to a machine that vanished after about 5 s, where nginx leaves that to the
 * clients (client-go: 45 s). New upstreams are a reload: connections live on.
 */
export const haproxy: Role<LocalProxyParameters, LocalProxyOutputs> = {
  name: 'haproxy',
  declare(scope, params) {
    const { port, own, upstreamPort } = params
    const others = own !== undefined && params.upstreams.length > 1
    const upstreams = [...params.upstreams].sort().map((address, index) => ({
      name: `api${index + 1}`,
      address: isIPv6(address) ? `[${address}]` : address,
      // Substitutes are asked only when it is down, so its first failed connection has to be enough.
      isOwn: others && address === own,
      isBackup: others && address !== own,
    }))
    return runLocalProxy(scope, params, {
      binary,
      unit: haproxyUnit,
      unitText: template(haproxyUnit, { binary, config }),
      config,
      configText: template('haproxy.cfg', { port, upstreams, upstreamPort }),
    })
  },
}

function template(name: string, values: object): string {
  return renderTemplate(new URL(`templates/${name}.hbs`, import.meta.url), values)
}
