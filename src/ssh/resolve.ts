import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { exitCodes, UserError } from '../core/errors.ts'
import type { Secret } from '../core/secret.ts'
import type { SshTarget } from '../core/ssh-target.ts'
import { expandHome, type HostSettings, type SshConfigFile } from './config-file.ts'

/** All that is needed to log into one machine: the target, ~/.ssh/config and OpenSSH's defaults put together. */
export interface Endpoint {
  /** Name in cluster.yaml of the host that this is for. */
  readonly target: string
  /** The same; for a jump host as written in ProxyJump. */
  readonly name: string
  /** `w1 (192.0.2.21:22)`, for messages. */
  readonly where: string
  readonly host: string
  readonly port: number
  readonly user: string
  readonly identityFiles: readonly string[]
  /** False for OpenSSH's default names, which come after the agent. */
  readonly identitiesGiven: boolean
  readonly identitiesOnly: boolean
  readonly agentSocket: string | undefined
  readonly passphrase: Secret | undefined
  readonly password: Secret | undefined
  readonly knownHosts: {
    /** The name to look up: the host, `[host]:port`, or HostKeyAlias. */
    readonly name: string
    readonly files: readonly string[]
    readonly policy: 'strict' | 'accept-new'
    readonly acceptCommand: string
  }
  /** The machine to go through. */
  readonly via: Endpoint | undefined
  readonly connectTimeoutMs: number
  readonly hasProxyCommand: boolean
}

const defaultIdentities = ['~/.ssh/id_ed25519', '~/.ssh/id_ecdsa', '~/.ssh/id_rsa']
const defaultKnownHosts = ['~/.ssh/known_hosts', '~/.ssh/known_hosts2', '/etc/ssh/ssh_known_hosts']
const deepestJump = 8

/** Puts a target together. Values of the target win over ~/.ssh/config. Raises UserError for a ProxyJump that cannot be read. */
export function resolveTarget(target: SshTarget, config: SshConfigFile): Endpoint {
  const settings = config.settings(target.address)
  const host = settings.hostName ?? target.address
  const port = target.port ?? settings.port ?? 22
  const jump = target.proxyJump ?? settings.proxyJump ?? 'none'
  const via = resolveJump(jump, target, config, 0)
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`
  const given = target.identityFiles ?? settings.identityFiles
  return {
    target: target.name,
    name: target.name,
    where: via === undefined ? `${target.name} (${address})` : `${target.name} (${address} through ${via.name})`,
    host,
    port,
    user: target.user ?? settings.user ?? userInfo().username,
    ...identities(given),
    identitiesOnly: settings.identitiesOnly,
    agentSocket: target.agent ? agentSocket(settings) : undefined,
    passphrase: target.passphrase,
    password: target.password,
    knownHosts: {
      name: lookupName(settings.hostKeyAlias, host, port),
      files: (target.knownHosts.files ?? settings.knownHostsFiles ?? defaultKnownHosts).map(expandHome),
      policy: target.knownHosts.policy,
      acceptCommand: acceptCommand(target),
    },
    via,
    connectTimeoutMs: target.connectTimeoutMs,
    hasProxyCommand: settings.hasProxyCommand && jump === 'none',
  }
}

// The last machine of the chain, itself reached through those before it. A jump host has settings of its own; where
// ~/.ssh/config says nothing, keys and known_hosts are those of the target, but never its password.
function resolveJump(jump: string, target: SshTarget, config: SshConfigFile, depth: number): Endpoint | undefined {
  if (jump.toLowerCase() === 'none' || jump === '') return undefined
  const fail = (problem: string): never => {
    throw new UserError(
      { where: target.name, problem, expected: '[user@]host[:port], several separated by commas', came: jump },
      { exitCode: exitCodes.badInput },
    )
  }
  if (depth > deepestJump) fail('its chain of jump hosts does not end')
  let via: Endpoint | undefined
  for (const [index, hop] of jump.split(',').entries()) {
    const match = /^(?:ssh:\/\/)?(?:([^@]+)@)?(\[[^\]]+\]|[^:@]+)(?::(\d+))?\/?$/.exec(hop.trim())
    if (match === null) return fail('its jump host cannot be read')
    const alias = (match[2] ?? '').replace(/^\[|\]$/g, '')
    const settings = config.settings(alias)
    const host = settings.hostName ?? alias
    const port = Number(match[3] ?? settings.port ?? 22)
    if (index === 0 && settings.proxyJump !== undefined)
      via = resolveJump(settings.proxyJump, target, config, depth + 1)
    const given = settings.identityFiles ?? target.identityFiles
    const name = hop.trim()
    via = {
      target: target.name,
      name,
      where: `${target.name}, jump host ${name} (${host}:${port})`,
      host,
      port,
      user: match[1] ?? settings.user ?? userInfo().username,
      ...identities(given),
      identitiesOnly: settings.identitiesOnly,
      agentSocket: target.agent ? agentSocket(settings) : undefined,
      passphrase: target.passphrase,
      password: undefined,
      knownHosts: {
        name: lookupName(settings.hostKeyAlias, host, port),
        files: (settings.knownHostsFiles ?? target.knownHosts.files ?? defaultKnownHosts).map(expandHome),
        policy: settings.strictHostKeyChecking ?? target.knownHosts.policy,
        acceptCommand: acceptCommand(target),
      },
      via,
      connectTimeoutMs: settings.connectTimeoutMs ?? target.connectTimeoutMs,
      hasProxyCommand: settings.hasProxyCommand && via === undefined,
    }
  }
  return via
}

/** What tells one connection from another: jump hosts with the same key are connected to once. */
export function connectionKey(endpoint: Endpoint): string {
  const own = `${endpoint.user}@${endpoint.host}:${endpoint.port}`
  return endpoint.via === undefined ? own : `${connectionKey(endpoint.via)} ${own}`
}

function identities(given: readonly string[] | undefined): { identityFiles: string[]; identitiesGiven: boolean } {
  return given === undefined
    ? { identityFiles: defaultIdentities.map(expandHome).filter(file => existsSync(file)), identitiesGiven: false }
    : { identityFiles: given.map(expandHome), identitiesGiven: true }
}

function acceptCommand({ knownHosts }: SshTarget): string {
  return knownHosts.acceptCommand ?? 'evcctl ping --accept-new'
}

function agentSocket(settings: HostSettings): string | undefined {
  const socket = settings.identityAgent ?? process.env.SSH_AUTH_SOCK
  return socket === 'none' || socket === '' ? undefined : socket
}

// As OpenSSH writes them: the port is only named where it is not 22.
function lookupName(alias: string | undefined, host: string, port: number): string {
  if (alias !== undefined) return alias.toLowerCase()
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`
}
