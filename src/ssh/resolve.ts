import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { exitCodes, UserError } from '../core/errors.ts'
import type { Secret } from '../core/secret.ts'
import type { SshTarget } from '../core/ssh-target.ts'
import type { HostSettings, SshConfig } from './config/index.ts'
import { expandHome } from './home.ts'
import { splitJumps } from './jump.ts'
import { passphraseDigest } from './keys.ts'
import { type EndpointKnownHosts, knownHostsOf } from './known-hosts-choice.ts'

/** Everything needed to log into one machine: the target combined with ~/.ssh/config and OpenSSH's defaults. */
export interface Endpoint {
  /** Name in cluster.yaml of the host that this endpoint leads to. */
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
  /** CertificateFile: certificates for keys of the files or of the agent. */
  readonly certificateFiles: readonly string[]
  readonly agentSocket: string | undefined
  readonly passphrase: Secret | undefined
  readonly password: Secret | undefined
  readonly knownHosts: EndpointKnownHosts
  /** The machine to go through. */
  readonly via: Endpoint | undefined
  readonly connectTimeoutMs: number
  readonly addressFamily: 4 | 6 | undefined
  /** Address of this machine to connect from. */
  readonly bindAddress: string | undefined
  /** Lists of algorithms of ~/.ssh/config, as written. */
  readonly algorithms: HostSettings['algorithms']
  readonly hasProxyCommand: boolean
  /** Settings in ~/.ssh/config for this host that evcctl ignores. */
  readonly notFollowed: readonly string[]
}

const defaultIdentities = ['~/.ssh/id_ed25519', '~/.ssh/id_ecdsa', '~/.ssh/id_rsa']
const deepestJump = 8

/** Makes the endpoint of a target. Values of the target win over ~/.ssh/config. Raises UserError for an invalid ProxyJump. */
export function resolveTarget(target: SshTarget, config: SshConfig): Endpoint {
  const settings = config.settings(target.address, { user: target.user, port: target.port })
  const jump = target.proxyJump ?? settings.proxyJump ?? 'none'
  const via = resolveJump(jump, target, config, 0)
  const host = settings.hostName ?? target.address
  const port = target.port ?? settings.port ?? 22
  const address = `${bracketed(host)}:${port}`
  return {
    ...common(target, settings),
    ...identities(target.identityFiles ?? settings.identityFiles),
    name: target.name,
    where: via === undefined ? `${target.name} (${address})` : `${target.name} (${address} through ${via.name})`,
    host,
    port,
    user: target.user ?? settings.user ?? userInfo().username,
    password: target.password,
    knownHosts: knownHostsOf(
      target,
      settings,
      { host, port, systemFiles: config.systemFiles },
      target.knownHosts.files ?? settings.knownHostsFiles,
    ),
    via,
    connectTimeoutMs: target.connectTimeoutMs,
    hasProxyCommand: settings.hasProxyCommand && jump === 'none',
  }
}

// The last machine of the chain, itself reached through those before it. A jump host has settings of its own; where
// ~/.ssh/config says nothing, keys and known_hosts are those of the target, but never its password.
function resolveJump(jump: string, target: SshTarget, config: SshConfig, depth: number): Endpoint | undefined {
  if (jump.toLowerCase() === 'none' || jump === '') return undefined
  const hops = splitJumps(jump)
  if (hops === undefined) throw unreadable(target, jump, 'its jump host cannot be read')
  if (depth > deepestJump) throw unreadable(target, jump, 'its chain of jump hosts does not end')
  let via: Endpoint | undefined
  for (const [index, hop] of hops.entries()) {
    const settings = config.settings(hop.host, hop)
    if (index === 0 && settings.proxyJump !== undefined)
      via = resolveJump(settings.proxyJump, target, config, depth + 1)
    const host = settings.hostName ?? hop.host
    const port = hop.port ?? settings.port ?? 22
    via = {
      ...common(target, settings),
      ...identities(settings.identityFiles ?? target.identityFiles),
      name: hop.text,
      where: `${target.name}, jump host ${hop.text} (${bracketed(host)}:${port})`,
      host,
      port,
      user: hop.user ?? settings.user ?? userInfo().username,
      password: undefined,
      knownHosts: knownHostsOf(
        target,
        settings,
        { host, port, systemFiles: config.systemFiles },
        settings.knownHostsFiles ?? target.knownHosts.files,
      ),
      via,
      connectTimeoutMs: settings.connectTimeoutMs ?? target.connectTimeoutMs,
      hasProxyCommand: settings.hasProxyCommand && via === undefined,
    }
  }
  return via
}

function common(
  target: SshTarget,
  settings: HostSettings,
): Pick<
  Endpoint,
  | 'target'
  | 'identitiesOnly'
  | 'certificateFiles'
  | 'agentSocket'
  | 'passphrase'
  | 'addressFamily'
  | 'bindAddress'
  | 'algorithms'
  | 'notFollowed'
> {
  return {
    target: target.name,
    identitiesOnly: settings.identitiesOnly,
    certificateFiles: settings.certificateFiles,
    agentSocket: target.agent ? agentSocket(settings) : undefined,
    passphrase: target.passphrase,
    addressFamily: settings.addressFamily,
    bindAddress: settings.bindAddress,
    algorithms: settings.algorithms,
    notFollowed: settings.notFollowed,
  }
}

function unreadable(target: SshTarget, jump: string, problem: string): UserError {
  return new UserError(
    { where: target.name, problem, expected: '[user@]host[:port], several separated by commas', actual: jump },
    { exitCode: exitCodes.badInput },
  )
}

/** A key that identifies one login on one machine. */
export function machineKey(endpoint: Endpoint): string {
  const own = `${endpoint.user}@${endpoint.host}:${endpoint.port}`
  return endpoint.via === undefined ? own : `${machineKey(endpoint.via)} ${own}`
}

/**
 * A key that identifies one connection: jump hosts with the same key share one. Everything that decides whether a login
 * succeeds is part of the key, so that the outcome does not depend on which host connects first. Secrets enter as digest.
 */
export function connectionKey(endpoint: Endpoint): string {
  const { target, name, where, notFollowed, hasProxyCommand, via, knownHosts, passphrase, password, ...login } =
    endpoint
  const { acceptCommand, ...policy } = knownHosts
  const secrets = [passphraseDigest(passphrase), passphraseDigest(password)]
  return JSON.stringify([via === undefined ? null : connectionKey(via), login, policy, secrets])
}

/** An IPv6 address in brackets, so that a port can follow; names and IPv4 addresses as they are. */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

function identities(given: readonly string[] | undefined): { identityFiles: string[]; identitiesGiven: boolean } {
  return given === undefined
    ? { identityFiles: defaultIdentities.map(expandHome).filter(file => existsSync(file)), identitiesGiven: false }
    : { identityFiles: given.map(expandHome), identitiesGiven: true }
}

function agentSocket(settings: HostSettings): string | undefined {
  const socket = settings.identityAgent ?? process.env.SSH_AUTH_SOCK
  return socket === 'none' || socket === '' ? undefined : socket
}
