import type { HttpProxy } from '../core/http-proxy.ts'
import type { Scope } from '../core/scope.ts'
import type { Secret } from '../core/secret.ts'
import type { Task } from '../core/task.ts'
import { absent, file } from '../resources/files/index.ts'
import { directList, proxyUser } from '../resources/support/index.ts'

export interface UnitProxy {
  /** The unit has to be restarted when one of these has changed. */
  readonly changes: readonly Task[]
  /** The paths of the files. */
  readonly watches: readonly string[]
  /** Files that have to exist when the unit starts; their change needs no restart. */
  readonly needs: readonly Task[]
}

const proxyPath = '/etc/evcctl/proxy.env'
const directPath = '/etc/evcctl/no-proxy.env'
const header = '# Managed by evcctl: spec.proxy of cluster.yaml.\n'

/**
 * The proxy settings in the environment of a service; without a proxy there are none. systemd shows Environment= of a unit to
 * every user of the host (systemd.exec(5)), so the settings are in a file; only root can read it if it holds a password.
 * When a host joins or leaves the cluster, the service is not restarted: it learns of the host at its next start.
 */
export function declareUnitProxy(scope: Scope, unit: string, proxy: HttpProxy | undefined): UnitProxy {
  const dropInPath = `/etc/systemd/system/${unit}.d/50-evcctl-proxy.conf`
  const watches = [dropInPath, proxyPath]
  if (proxy === undefined) {
    const changes = watches.map(path => scope.add(absent({ path })))
    return { changes, watches, needs: [scope.add(absent({ path: directPath }))] }
  }
  const content = proxyVariables(proxy)
  const proxied = scope.add(file({ path: proxyPath, mode: proxy.login === undefined ? 0o644 : 0o600, content }))
  const direct = `${header}NO_PROXY="${directList(proxy)}"\n`
  const needs = [scope.add(file({ path: directPath, mode: 0o644, content: direct }))]
  const dropIn = scope.add(file({ path: dropInPath, mode: 0o644, content: dropInFor(proxy) }))
  return { changes: [dropIn, proxied], watches, needs }
}

// This comment changes when an exception other than a host of the cluster changes: only then the service is restarted.
function dropInFor({ noProxy }: HttpProxy): string {
  return `${header}# Without it, besides the hosts of the cluster: ${noProxy.join(',')}
[Service]
EnvironmentFile=-${proxyPath}
EnvironmentFile=-${directPath}
`
}

// In capitals: Go looks there first (golang.org/x/net/http/httpproxy, FromEnvironment). No value has a character that
// systemd interprets these characters between double quotes (systemd.exec(5), EnvironmentFile=).
function proxyVariables({ http, https, login }: HttpProxy): string | Secret {
  const render = (user: string) => {
    const variable = (name: string, url: string | undefined) =>
      url === undefined ? '' : `${name}="${url.replace('//', `//${user}`)}"\n`
    return `${header}${variable('HTTP_PROXY', http)}${variable('HTTPS_PROXY', https)}`
  }
  if (login === undefined) return render('')
  return proxyUser(login).map(user => render(`${user}@`), `content of ${proxyPath}`)
}
