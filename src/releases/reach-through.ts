import type { HttpProxy, Login, Secret } from '../core/index.ts'
import type { EnvironmentProxy } from './environment-proxy.ts'
import type { Reach } from './http-get.ts'

/**
 * Reaches sites through the proxies of a cluster file or an environment; undefined: without one. `proxyFor` says which of them
 * is for a URL, and each of them gets its own login only.
 */
export function reachThrough<P extends HttpProxy | EnvironmentProxy>(
  proxy: P | undefined,
  proxyFor: (url: string, proxy: P) => string | undefined,
): Reach {
  if (proxy === undefined) return { proxyFor: () => undefined }
  return {
    proxyFor(url) {
      const at = proxyFor(url, proxy)
      if (at === undefined) return undefined
      const login = loginFor(url, proxy)
      return { url: at, ...(login === undefined ? {} : { authorization: basic(login) }) }
    },
  }
}

// cluster.yaml has one login for its proxies; in the environment, each URL has its own.
function loginFor(url: string, proxy: HttpProxy | EnvironmentProxy): Login | undefined {
  if (!('logins' in proxy)) return proxy.login
  return new URL(url).protocol === 'https:' ? proxy.logins.https : proxy.logins.http
}

function basic({ username, password }: Login): Secret {
  return password.map(plain => `Basic ${Buffer.from(`${username}:${plain}`).toString('base64')}`, 'login for the proxy')
}
