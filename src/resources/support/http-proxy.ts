import { BlockList, isIP } from 'node:net'
import type { HttpProxy } from '../../core/http-proxy.ts'
import type { Login } from '../../core/login.ts'
import type { Secret } from '../../core/secret.ts'
import { withProxies } from '../../shell/environment.ts'
import { quote } from '../../shell/quote.ts'

interface Direct {
  /** As no_proxy and NO_PROXY have it. */
  readonly list: string
  /** In lower case, without a dot before them. */
  readonly names: ReadonlySet<string>
  readonly ranges: BlockList
}

// Made once for all hosts and downloads: each host of the cluster is in it.
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

/** All that is asked without a proxy, as no_proxy and NO_PROXY have it. */
export function directList(proxy: HttpProxy): string {
  return directOf(proxy).list
}

/** The proxy that a URL is asked through; undefined: none. */
export function proxyFor(url: string, proxy: HttpProxy): string | undefined {
  return isDirect(url, proxy) ? undefined : new URL(url).protocol === 'https:' ? proxy.https : proxy.http
}

// As curl reads no_proxy: a name stands for all below it, and a dot before it changes nothing.
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
 * Lines of a script that make a proxy count from here on: that of cluster.yaml, else what the environment of the host says.
 * `user` is the name of a shell variable that holds proxyUser(), or nothing. `url` is what will be asked for.
 */
export function proxyLines(proxy: HttpProxy | undefined, { user, url }: { user?: string; url?: string } = {}): string {
  if (proxy === undefined) return withProxies
  // curl knows ranges only from 7.86 on.
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

/** `user:password` as it stands in a URL. */
export function proxyUser({ username, password }: Login): Secret {
  return password.map(plain => `${encode(username)}:${encode(plain)}`, `credentials of ${username} for the proxy`)
}

// What encodeURIComponent leaves is plain in a URL, but neither in a shell nor in a file of systemd.
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}
