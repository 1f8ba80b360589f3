import { globSync, readFileSync } from 'node:fs'
import { homedir, userInfo } from 'node:os'
import { dirname, resolve } from 'node:path'
import SSHConfig from 'ssh-config'

/** What ~/.ssh/config says of one host, as far as evcctl uses it (ssh_config(5)). */
export interface HostSettings {
  readonly hostName?: string
  readonly port?: number
  readonly user?: string
  /** Undefined: not set, so the default ones are tried. Empty: none is. */
  readonly identityFiles?: readonly string[]
  readonly identitiesOnly: boolean
  /** `ProxyJump` as written; `none` switches off. */
  readonly proxyJump?: string
  /** Undefined: SSH_AUTH_SOCK. `none` switches the agent off. */
  readonly identityAgent?: string
  readonly knownHostsFiles?: readonly string[]
  readonly hostKeyAlias?: string
  readonly strictHostKeyChecking?: 'strict' | 'accept-new'
  readonly connectTimeoutMs?: number
  /** True when the host has a `ProxyCommand`, which evcctl does not run. */
  readonly hasProxyCommand: boolean
}

/** An OpenSSH client configuration, ready to be asked. */
export interface SshConfigFile {
  settings(alias: string): HostSettings
}

const deepestInclude = 16

/** `~`, `~/x` with the home folder of the user who runs evcctl. */
export function expandHome(path: string): string {
  return path === '~' || path.startsWith('~/') ? homedir() + path.slice(1) : path
}

/**
 * Reads an OpenSSH client configuration. A file that does not exist is an empty one. `Match` blocks are left out (they
 * may run commands), `Include` is followed.
 */
export function readSshConfig(file = expandHome('~/.ssh/config')): SshConfigFile {
  const text = flatten(file, 0)
  if (text.trim() === '') return { settings: () => settingsOf({}, '') }
  const config = SSHConfig.parse(text)
  const cache = new Map<string, HostSettings>()
  return {
    settings(alias) {
      const known = cache.get(alias)
      if (known !== undefined) return known
      const settings = settingsOf(config.compute(alias, { ignoreCase: true, matchExec: false }), alias)
      cache.set(alias, settings)
      return settings
    },
  }
}

// One text without Include, Match and the options that would make the parser run programs.
function flatten(file: string, depth: number): string {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return ''
  }
  const lines: string[] = []
  let block = ''
  for (const line of text.split(/\r?\n/)) {
    const [, key = '', value = ''] = /^\s*([A-Za-z]+)(?:\s*=\s*|\s+)(.*)$/.exec(line) ?? []
    const name = key.toLowerCase()
    if (name === 'host' || name === 'match') block = line
    if (/^\s*match\b/i.test(block) || name.startsWith('canonical')) continue
    if (name === 'include') {
      // The included file may open blocks of its own; the one around it goes on afterwards.
      if (depth < deepestInclude) lines.push(...included(file, value).map(path => flatten(path, depth + 1)), block)
    } else lines.push(line)
  }
  return lines.join('\n')
}

function included(file: string, value: string): string[] {
  const patterns = [...value.matchAll(/"([^"]*)"|(\S+)/g)].map(match => match[1] ?? match[2] ?? '')
  return patterns.flatMap(pattern => globSync(resolve(dirname(file), expandHome(pattern))).sort())
}

function settingsOf(values: Readonly<Record<string, string | string[]>>, alias: string): HostSettings {
  const one = (name: string): string | undefined => [values[name] ?? []].flat()[0]
  const hostName = one('hostname')?.replaceAll('%h', alias)
  const port = Number(one('port')) || undefined
  const user = one('user')
  const expand = (text: string): string =>
    expandHome(text)
      .replaceAll('%d', homedir())
      .replaceAll('%h', hostName ?? alias)
      .replaceAll('%n', alias)
      .replaceAll('%p', String(port ?? 22))
      .replaceAll('%r', user ?? userInfo().username)
      .replaceAll('%u', userInfo().username)
      .replaceAll('%%', '%')
  const { identityfile: identityFiles } = values
  const files = [values.userknownhostsfile ?? []].flat()
  const checking = one('stricthostkeychecking')?.toLowerCase()
  const timeout = Number(one('connecttimeout'))
  const agent = one('identityagent')
  const proxyJump = one('proxyjump')
  const hostKeyAlias = one('hostkeyalias')
  return {
    ...(hostName !== undefined && { hostName }),
    ...(port !== undefined && { port }),
    ...(user !== undefined && { user }),
    // ssh_config(5): `none` means that no key file is to be tried, the default ones neither.
    ...(identityFiles !== undefined && {
      identityFiles: [identityFiles].flat().flatMap(file => (file.toLowerCase() === 'none' ? [] : [expand(file)])),
    }),
    identitiesOnly: one('identitiesonly')?.toLowerCase() === 'yes',
    ...(proxyJump !== undefined && { proxyJump }),
    ...(agent !== undefined && agent !== 'SSH_AUTH_SOCK' && { identityAgent: expand(agent) }),
    ...(files.length > 0 && { knownHostsFiles: files.map(expand).filter(path => path !== 'none') }),
    ...(hostKeyAlias !== undefined && { hostKeyAlias }),
    ...(checking !== undefined && {
      strictHostKeyChecking: checking === 'yes' || checking === 'ask' ? 'strict' : 'accept-new',
    }),
    ...(timeout > 0 && { connectTimeoutMs: timeout * 1000 }),
    hasProxyCommand: !['none', undefined].includes(one('proxycommand')),
  }
}
