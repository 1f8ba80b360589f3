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

/** The lines of one or more known_hosts files, indexed so that plain names are found at once. */
export interface KnownHosts {
  readonly plain: Map<string, KnownHost[]>
  /** Hashed names, wildcards and negations have to be tried one by one. */
  readonly patterns: Pattern[]
  /** How many lines there are so far. */
  lines: number
}

/** What known_hosts says of a key. */
export type KeyVerdict =
  | { readonly verdict: 'known' }
  | { readonly verdict: 'unknown'; readonly authorities: readonly KnownHost[] }
  | { readonly verdict: 'changed'; readonly expected: readonly KnownHost[] }
  | { readonly verdict: 'revoked'; readonly by: KnownHost }

/** Adds the lines of a file (also line by line, as they are appended to it); lines that cannot be read are passed over, as OpenSSH does. */
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

// |1|base64 of the salt|base64 of HMAC-SHA1(salt, name)
function hashedMatcher(names: string): (name: string) => boolean {
  const [, , salt = '', hash = ''] = names.split('|')
  const key = Buffer.from(salt, 'base64')
  return name => createHmac('sha1', key).update(name).digest('base64') === hash
}

/** The lines that are about a name, which is a host or `[host]:port`, in lower case. */
export function findKnownHost(hosts: KnownHosts, name: string): KnownHost[] {
  const found = [...(hosts.plain.get(name) ?? [])]
  for (const { entry, matches } of hosts.patterns) if (matches(name)) found.push(entry)
  return found
}

/**
 * Judges the key that a host showed. A host that is known with keys of other types only counts as changed: a server
 * that can choose the type must not be able to pass for a new one.
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

/** `SHA256:…` as OpenSSH prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`
}
