import { createHash, createHmac } from 'node:crypto'
import { matchesList } from './patterns.ts'

/** One line of a known_hosts file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
export interface KnownHost {
  readonly file: string
  /** Counted from 1. */
  readonly line: number
  readonly marker: 'revoked' | 'cert-authority' | undefined
  /** Key type, e.g. `ssh-ed25519`. */
  readonly type: string
  /** Base64 of the key. */
  readonly key: string
}

interface Pattern {
  readonly entry: KnownHost
  readonly matches: (name: string) => boolean
}

/** The lines of one or more known_hosts files, with an index for plain names. */
export interface KnownHosts {
  readonly plain: Map<string, KnownHost[]>
  /** Lines with hashed names, wildcards or negations, which must be tried one by one. */
  readonly patterns: Pattern[]
  /** The number of lines so far. */
  lines: number
}

/** The verdict of known_hosts on a key. */
export type KeyVerdict =
  | { readonly verdict: 'known' }
  | { readonly verdict: 'unknown'; readonly authorities: readonly KnownHost[] }
  | { readonly verdict: 'changed'; readonly expected: readonly KnownHost[] }
  | { readonly verdict: 'revoked'; readonly by: KnownHost }

/**
 * Adds the lines of a file. It may be called again for each line that is appended to the file. Like OpenSSH, it ignores
 * lines that it cannot read.
 */
export function addKnownHosts(hosts: KnownHosts, text: string, file: string): void {
  const all = text.replace(/\n$/, '').split('\n')
  for (const raw of all) {
    hosts.lines++
    const words = raw.trim().split(/\s+/)
    if (words[0] === undefined || words[0] === '' || words[0].startsWith('#')) continue
    const marked = words[0].startsWith('@')
    const marker = marked ? words.shift()?.slice(1) : undefined
    if (marked && marker !== 'revoked' && marker !== 'cert-authority') continue
    const [names, type, key] = words
    if (names === undefined || type === undefined || key === undefined || !/^[A-Za-z0-9+/]+={0,2}$/.test(key)) continue
    addEntry(hosts, names, { file, line: hosts.lines, marker: marker as KnownHost['marker'], type, key })
  }
}

function addEntry(hosts: KnownHosts, names: string, entry: KnownHost): void {
  const list = names.toLowerCase().split(',')
  if (names.startsWith('|1|')) {
    hosts.patterns.push({ entry, matches: hashedMatcher(names) })
  } else if (list.some(name => /[*?!]/.test(name))) {
    hosts.patterns.push({ entry, matches: name => matchesList(name, list) })
  } else {
    for (const name of list) {
      const entries = hosts.plain.get(name)
      if (entries === undefined) hosts.plain.set(name, [entry])
      else entries.push(entry)
    }
  }
}

// A hashed name: |1|base64 of the salt|base64 of HMAC-SHA1(salt, name).
function hashedMatcher(names: string): (name: string) => boolean {
  const [, , salt = '', hash = ''] = names.split('|')
  const key = Buffer.from(salt, 'base64')
  return name => createHmac('sha1', key).update(name).digest('base64') === hash
}

/** The lines for a name. The name is a host or `[host]:port`, in lower case. */
export function findKnownHost(hosts: KnownHosts, name: string): KnownHost[] {
  const found = [...(hosts.plain.get(name) ?? [])]
  for (const { entry, matches } of hosts.patterns) if (matches(name)) found.push(entry)
  return found
}

/**
 * Judges the key that a host showed. If a host is known only with keys of other types, its key counts as changed: a false
 * server could otherwise choose an unused type and pass for an unknown host.
 */
export function judgeKey(entries: readonly KnownHost[], key: Buffer): KeyVerdict {
  const base64 = key.toString('base64')
  const revoked = entries.find(entry => entry.marker === 'revoked' && entry.key === base64)
  if (revoked !== undefined) return { verdict: 'revoked', by: revoked }
  const keys = entries.filter(entry => entry.marker === undefined)
  if (keys.some(entry => entry.key === base64)) return { verdict: 'known' }
  if (keys.length > 0) return { verdict: 'changed', expected: keys }
  return { verdict: 'unknown', authorities: entries.filter(entry => entry.marker === 'cert-authority') }
}

/** The fingerprint of a key, as OpenSSH prints it: `SHA256:…`. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`
}
