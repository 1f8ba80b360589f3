import { BlockList, isIP } from 'node:net'
import type { HttpProxy } from '../../core/http-proxy.ts'
import type { Login } from '../../core/login.ts'
import type { Secret } from '../../core/secret.ts'
import { withProxies } from '../../shell/environment.ts'
import { quote } from '../../shell/quote.ts'

interface Direct {
  /** The exceptions as no_proxy and NO_PROXY have them. */
  readonly list: string
  /** In lower case, without a dot before them. */
  readonly names: ReadonlySet<string>
  readonly ranges: BlockList
}

// Computed once for all hosts and downloads, since each host of the cluster is in it.
const made = new WeakMap<HttpProxy, Direct>()

function directOf(proxy: HttpProxy): Direct {
  const known = made.get(proxy)
  if (known !== undefined) return known
  const entries = [...new Set([...proxy.noProxy, ...proxy.hosts])]
  const ranges = new BlockList()
  for (const entry of entries) {
    const [first = '', prefix] = entry.split('/')
    if (prefix !== undefined) ranges.addSubnet(first, Number(prefix), familyOf(first))
  }
  const names = new Set(entries.map(entry => entry.toLowerCase().replace(/^\./, '')))
  const direct = { list: entries.join(','), names, ranges }
  made.set(proxy, direct)
  return direct
}

/** The hosts that are contacted without a proxy, as no_proxy and NO_PROXY have them. */
export function directList(proxy: HttpProxy): string {
  return directOf(proxy).list
}

/** The proxy for a URL; undefined: none. */
export function proxyFor(url: string, proxy: HttpProxy): string | undefined {
  return isDirect(url, proxy) ? undefined : new URL(url).protocol === 'https:' ? proxy.https : proxy.http
}

// curl's rules for no_proxy: a name covers all names below it, and a dot before it changes nothing.
function isDirect(url: string, proxy: HttpProxy): boolean {
  const host = hostOf(url)
  const { names, ranges } = directOf(proxy)
  if (isIP(host) !== 0) return names.has(host) || ranges.check(host, familyOf(host))
  const labels = host.split('.')
  return labels.some((_, index) => names.has(labels.slice(index).join('.')))
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4'
}

function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, '')
}

/**
 * Lines of a script that set the proxy for the lines after them: the one of cluster.yaml, else the one in the environment of
 * the host. `user` is the name of a shell variable that holds proxyUser(), or nothing. `url` is the URL that follows.
 */
export function proxyLines(proxy: HttpProxy | undefined, { user, url }: { user?: string; url?: string } = {}): string {
  if (proxy === undefined) return withProxies
  // curl supports ranges in no_proxy only from 7.86 on.
  const named = url !== undefined && isDirect(url, proxy) ? `,${hostOf(url)}` : ''
  const assignments = (['http', 'https'] as const).flatMap(scheme => {
    const at = proxy[scheme]
    if (at === undefined) return []
    const [protocol = '', host = ''] = at.split('//')
    return [
      `${scheme}_proxy=${quote(`${protocol}//`)}${user === undefined ? '' : `"\${${user}:+$${user}@}"`}${quote(host)}`,
    ]
  })
  return `export ${[...assignments, `no_proxy=${quote(directList(proxy) + named)}`].join(' ')}`
}

/** `user:password` in the notation of a URL. */
export function proxyUser({ username, password }: Login): Secret {
  return password.map(plain => `${encode(username)}:${encode(plain)}`, `credentials of ${username} for the proxy`)
}

// encodeURIComponent leaves these characters, which a URL allows, but which a shell or a systemd file interprets.
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}
