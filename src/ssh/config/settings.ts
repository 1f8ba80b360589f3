import { homedir, hostname, userInfo } from 'node:os'
import { ownValue } from '../../core/own-value.ts'
import { shortPath } from '../home.ts'
import type { Query } from './evaluate.ts'
import { evaluateConfig } from './evaluate.ts'
import { expandPath, expandTokens } from './expand.ts'
import { timeMs } from './keywords.ts'
import type { ConfigLine } from './lines.ts'

/** The settings of the ssh configuration for one host that evcctl uses (ssh_config(5)). */
export interface HostSettings {
  readonly hostName?: string
  readonly port?: number
  readonly user?: string
  /** Undefined: not set, so the default files are tried. Empty: no file is tried. */
  readonly identityFiles?: readonly string[]
  readonly certificateFiles: readonly string[]
  readonly identitiesOnly: boolean
  /** `ProxyJump` as written; `none` means no jump host. */
  readonly proxyJump?: string
  /** Undefined: SSH_AUTH_SOCK. `none` switches the agent off. */
  readonly identityAgent?: string
  /** Undefined: not set. Empty: `none`. */
  readonly knownHostsFiles?: readonly string[]
  readonly globalKnownHostsFiles?: readonly string[]
  readonly revokedHostKeysFile?: string
  readonly hostKeyAlias?: string
  readonly strictHostKeyChecking?: 'strict' | 'accept-new' | 'off'
  readonly connectTimeoutMs?: number
  readonly addressFamily?: 4 | 6
  readonly bindAddress?: string
  /** Lists of algorithms as written, with their `+`, `-` or `^`. */
  readonly algorithms: Readonly<Partial<Record<AlgorithmList, string>>>
  /** True when the host has a `ProxyCommand`, which evcctl does not run. */
  readonly hasProxyCommand: boolean
  /** Lines that apply to the host but that evcctl does not follow, e.g. `Match exec (~/.ssh/config line 12)`. */
  readonly notFollowed: readonly string[]
}

/** The keywords that list algorithms. */
export type AlgorithmList = (typeof algorithmLists)[number]

const algorithmLists = ['kexalgorithms', 'ciphers', 'macs', 'hostkeyalgorithms'] as const
const families: Readonly<Record<string, HostSettings['addressFamily']>> = { inet: 4, inet6: 6 }
const checking: Readonly<Record<string, HostSettings['strictHostKeyChecking']>> = {
  yes: 'strict',
  true: 'strict',
  ask: 'strict',
  'accept-new': 'accept-new',
  no: 'off',
  false: 'off',
  off: 'off',
}

/** The settings that the files of an ssh configuration give for one host. `port` wins over the files, like `ssh -p`. */
export function settingsOf(
  files: readonly (readonly ConfigLine[])[],
  query: Query & { readonly port?: number },
): HostSettings {
  const { values, notFollowed } = evaluateConfig(files, query)
  const line = (name: string): ConfigLine | undefined => values.get(name)?.[0]
  const one = (name: string): string | undefined => line(name)?.words[0]
  const host = line('hostname')
  const hostName = host === undefined ? undefined : expandTokens(host, { h: query.alias }).toLowerCase()
  const port = one('port') === undefined ? undefined : Number(one('port'))
  const user = one('user')
  const tokens = {
    d: homedir(),
    h: hostName ?? query.alias.toLowerCase(),
    i: String(process.getuid?.() ?? ''),
    k: one('hostkeyalias') ?? query.alias,
    L: hostname().split('.')[0] ?? '',
    l: hostname(),
    n: query.alias,
    p: String(query.port ?? port ?? 22),
    r: query.user ?? user ?? userInfo().username,
    u: userInfo().username,
  }
  const paths = (name: string): string[] | undefined =>
    values.get(name)?.flatMap(found => found.words.filter(isFile).map(word => expandPath(found, tokens, word)))
  const agent = line('identityagent')
  const family = one('addressfamily')?.toLowerCase()
  const timeout = one('connecttimeout')
  const identityFiles = paths('identityfile')
  const revoked = paths('revokedhostkeys')?.[0]
  const global = values.get('globalknownhostsfile')?.[0]?.words.filter(isFile)
  return {
    ...defined('hostName', hostName),
    ...defined('port', port),
    ...defined('user', user),
    ...defined('identityFiles', identityFiles),
    certificateFiles: paths('certificatefile') ?? [],
    identitiesOnly: /^(yes|true)$/i.test(one('identitiesonly') ?? ''),
    ...defined('proxyJump', one('proxyjump')),
    ...defined('identityAgent', agent === undefined ? undefined : agentOf(agent, tokens)),
    ...defined('knownHostsFiles', paths('userknownhostsfile')),
    ...defined('globalKnownHostsFiles', global),
    ...defined('revokedHostKeysFile', revoked),
    ...defined('hostKeyAlias', one('hostkeyalias')),
    ...defined('strictHostKeyChecking', checking[one('stricthostkeychecking')?.toLowerCase() ?? '']),
    ...defined('connectTimeoutMs', timeout === undefined ? undefined : timeMs(timeout) || undefined),
    ...defined('addressFamily', families[family ?? '']),
    ...defined('bindAddress', one('bindaddress')),
    algorithms: Object.fromEntries(
      algorithmLists.flatMap(name => (one(name) === undefined ? [] : [[name, one(name)]])),
    ),
    hasProxyCommand: ![undefined, 'none'].includes(one('proxycommand')?.toLowerCase()),
    notFollowed: notFollowed.map(left => `${nameOf(left)} (${shortPath(left.file)} line ${left.line})`),
  }
}

function isFile(word: string): boolean {
  return word.toLowerCase() !== 'none'
}

function defined<K extends string, T>(name: K, value: T | undefined): { readonly [key in K]?: T } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [key in K]?: T })
}

// The value of IdentityAgent. SSH_AUTH_SOCK is also the default, so it counts as not set. `$NAME` names another variable.
function agentOf(line: ConfigLine, tokens: Readonly<Record<string, string>>): string | undefined {
  const [word = ''] = line.words
  if (word.toLowerCase() === 'none') return 'none'
  if (word === 'SSH_AUTH_SOCK') return undefined
  return /^\$[A-Za-z_]\w*$/.test(word) ? (ownValue(process.env, word.slice(1)) ?? 'none') : expandPath(line, tokens)
}

const spelled: Readonly<Record<string, string>> = {
  proxycommand: 'ProxyCommand',
  knownhostscommand: 'KnownHostsCommand',
  bindinterface: 'BindInterface',
  canonicalizehostname: 'CanonicalizeHostname',
  pkcs11provider: 'PKCS11Provider',
}

function nameOf({ keyword, words }: ConfigLine): string {
  if (keyword === 'match') return `Match ${words.join(' ')}`
  return spelled[keyword] ?? keyword
}
