import { HostError, UserError } from '../core/errors.ts'
import type { ExchangeOptions, ExchangeReply, ExchangeRequest, Session, SshPool } from '../core/host.ts'
import { type Limits, limits } from '../core/limits.ts'
import type { SshTarget } from '../core/ssh-target.ts'
import { readSshConfig, type SshConfig } from './config/index.ts'
import { connect } from './connect.ts'
import { type Connection, NotOpened } from './connection.ts'
import { exchange } from './exchange.ts'
import { cancelledError, notOpenedError } from './failure.ts'
import type { Services } from './handshake.ts'
import { HandshakeTurns } from './handshake-turns.ts'
import { KeyRing } from './keys.ts'
import { KnownHostsStore } from './known-hosts-store.ts'
import { Link } from './link.ts'
import type { Names } from './names.ts'
import { connectionKey, type Endpoint, resolveTarget } from './resolve.ts'
import { initialRoot, type RootState } from './root-channel.ts'
import { type RunOptions, type RunResult, runCommand } from './run.ts'
import type { RootMode } from './sudo.ts'

const defaultHandshakes = 16

export interface PoolOptions {
  /** Handshakes in flight at a time, default 16. */
  readonly maxHandshakes?: number
  /** Default `~/.ssh/config`; it need not exist. */
  readonly sshConfigFile?: string
  /** Interval at which an idle connection is checked. It is given up after three intervals without an answer. Default 12 s. */
  readonly keepaliveMs?: number
  /** How names are looked up. Default: with the resolver of this machine. */
  readonly names?: Names
  /** Bounds on what hosts may send and how long they may take, where they differ from the defaults. */
  readonly limits?: Limits
  /** How long sudo may take to accept or refuse the password, s; default 15. */
  readonly sudoSeconds?: number
  /** Called when the login on a host has succeeded; `ms` counts from the first packet. */
  readonly onConnected?: (host: string, ms: number) => void
  /** Called when an exchange has succeeded. */
  readonly onExchange?: (
    host: string,
    sent: { readonly jobs: number; readonly probes: number; readonly ms: number },
  ) => void
}

/** How a host was reached, for `evcctl ping`. */
export interface ConnectionInfo {
  readonly endpoint: Endpoint
  readonly hostKey: Connection['hostKey']
  readonly login: string
  readonly via: RootMode
}

interface Host {
  readonly target: SshTarget
  readonly endpoint: Endpoint
  readonly link: Link<Connection>
  /** A second connection, for work that must not wait for the first. */
  readonly apart: Link<Connection>
  readonly root: RootState
  exchanges: number
}

/** One shared connection for each host, opened at first use and again after a loss. Some work asks for a separate one. */
export class Pool implements SshPool {
  readonly #targets: ReadonlyMap<string, SshTarget>
  readonly #options: PoolOptions
  readonly #services: Services
  readonly #hosts = new Map<string, Host>()
  // Connections to jump hosts, shared by all hosts behind them that log in there in the same way.
  readonly #jumps = new Map<string, Link<Connection>>()
  #config: SshConfig | undefined
  #closed = false

  constructor(targets: readonly SshTarget[], options: PoolOptions = {}) {
    this.#targets = new Map(targets.map(target => [target.name, target]))
    this.#options = options
    this.#services = {
      knownHosts: new KnownHostsStore(),
      keys: new KeyRing(),
      keepaliveMs: options.keepaliveMs ?? (options.limits ?? limits).keepaliveMs,
      turns: new HandshakeTurns(options.maxHandshakes ?? defaultHandshakes),
      ...(options.names !== undefined && { names: options.names }),
    }
  }

  async session(
    name: string,
    signal: AbortSignal,
    { apart = false }: { readonly apart?: boolean } = {},
  ): Promise<Session> {
    const host = this.#host(name)
    const link = apart ? host.apart : host.link
    await this.#connect(host, signal, link)
    return { host: name, exchange: (request, options) => this.#exchange(host, request, options, link) }
  }

  /**
   * Runs one command with the login shell of the user, or with /bin/sh as root when `sudo` is set, over the same
   * connection. Rejects with HostError; an exit code other than 0 is data.
   */
  async run(name: string, options: RunOptions): Promise<RunResult> {
    const host = this.#host(name)
    return this.#overConnection(host, options.signal, connection => runCommand(connection, host.root, options))
  }

  exchanges(): ReadonlyMap<string, number> {
    return new Map([...this.#targets.keys()].map(name => [name, this.#hosts.get(name)?.exchanges ?? 0]))
  }

  /** How a connected host was reached; undefined when it is not connected. */
  describe(name: string): ConnectionInfo | undefined {
    const host = this.#hosts.get(name)
    const connection = host?.link.current
    if (host === undefined || connection === undefined) return undefined
    const { endpoint, hostKey, login } = connection
    return { endpoint, hostKey, login, via: host.root.mode }
  }

  /** Closes all connections. Sessions cannot be used afterwards. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#hosts.values()].flatMap(host => [host.link.close(), host.apart.close()]))
    await Promise.all([...this.#jumps.values()].map(link => link.close()))
  }

  #host(name: string): Host {
    const known = this.#hosts.get(name)
    if (known !== undefined) return known
    const target = this.#targets.get(name)
    if (target === undefined) throw new UserError({ problem: `there is no host named ${name}` })
    this.#config ??= readSshConfig(this.#options.sshConfigFile)
    const endpoint = resolveTarget(target, this.#config)
    const link = this.#link(endpoint, { onConnected: ms => this.#options.onConnected?.(name, ms) })
    const apart = this.#link(endpoint, { urgent: true })
    const host = {
      target,
      endpoint,
      link,
      apart,
      root: initialRoot(endpoint.user, target.sudoPassword, this.#options.sudoSeconds),
      exchanges: 0,
    }
    this.#hosts.set(name, host)
    return host
  }

  #link(
    endpoint: Endpoint,
    { onConnected, urgent = false }: { readonly onConnected?: (ms: number) => void; readonly urgent?: boolean } = {},
  ): Link<Connection> {
    return new Link(async signal => {
      const through = endpoint.via === undefined ? undefined : await this.#jump(endpoint.via).get(signal)
      const start = performance.now()
      const connection = await connect(endpoint, this.#services, through, signal, { urgent })
      onConnected?.(Math.round(performance.now() - start))
      return connection
    })
  }

  #jump(hop: Endpoint): Link<Connection> {
    const key = connectionKey(hop)
    const known = this.#jumps.get(key)
    if (known !== undefined) return known
    const link = this.#link(hop)
    this.#jumps.set(key, link)
    return link
  }

  async #connect(host: Host, signal: AbortSignal, link = host.link): Promise<Connection> {
    if (this.#closed) throw cancelledError(host.endpoint, 'the run has ended')
    try {
      return await link.get(signal)
    } catch (error) {
      if (error instanceof HostError) throw forHost(error, host)
      if (!signal.aborted && !this.#closed) throw error
      throw cancelledError(host.endpoint, 'cancelled before it was connected; nothing was sent')
    }
  }

  // A connection that has ended unnoticed fails when a channel is opened. Nothing was sent by then, so a new connection is used.
  async #overConnection<T>(
    host: Host,
    signal: AbortSignal,
    work: (connection: Connection) => Promise<T>,
    link = host.link,
  ): Promise<T> {
    try {
      return await work(await this.#connect(host, signal, link))
    } catch (error) {
      if (!(error instanceof NotOpened)) throw error
    }
    try {
      return await work(await this.#connect(host, signal, link))
    } catch (error) {
      throw error instanceof NotOpened ? notOpenedError(host.endpoint, error.message, error) : error
    }
  }

  async #exchange(
    host: Host,
    request: ExchangeRequest,
    options: ExchangeOptions,
    link: Link<Connection>,
  ): Promise<ExchangeReply> {
    host.exchanges++
    const start = performance.now()
    const work = (connection: Connection) =>
      exchange(connection, host.root, request, { ...options, limits: this.#options.limits ?? limits })
    const reply = await this.#overConnection(host, options.signal, work, link)
    this.#options.onExchange?.(host.target.name, {
      jobs: request.jobs.length,
      probes: request.probes.length,
      ms: Math.round(performance.now() - start),
    })
    return reply
  }
}

// The error of a jump host names the first host that needed it, so it is rewritten for the others.
function forHost(error: HostError, host: Host): HostError {
  if (error.host === host.target.name) return error
  const where = error.details.where?.replace(/^[^,]*(?=, jump host)/, host.target.name)
  return new HostError(
    host.target.name,
    error.kind,
    { ...error.details, ...(where !== undefined && { where }) },
    { cause: error },
  )
}

/** A pool of the hosts of a run; nothing is connected yet. Dispose it with `await using`. */
export function createPool(targets: readonly SshTarget[], options?: PoolOptions): Pool {
  return new Pool(targets, options)
}
