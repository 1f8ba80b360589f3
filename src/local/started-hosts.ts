import type { ContainerRuntimeClient } from 'testcontainers'
import { removeLocalHosts } from './clusters.ts'
import { type ExecResult, execIn } from './docker.ts'
import type { LocalNetwork } from './network.ts'
import type { LocalNode } from './nodes.ts'
import { type StartingHost, waitUntilReady } from './ready.ts'
import type { StateFolder } from './state-folder.ts'

/** A running host: systemd has booted and sshd answers. */
export interface LocalHost extends StartingHost {
  readonly roles: LocalNode['roles']
  readonly user: string
}

/** Running hosts. Disposing of this object removes their containers, volumes, network and key. */
export interface LocalHosts extends AsyncDisposable {
  readonly name: string
  readonly hosts: readonly LocalHost[]
  /** Private key, mode 0600. */
  readonly identityFile: string
  /** known_hosts file with the hosts' own keys, for strict checking. */
  readonly knownHostsFile: string
  /** Login name of the hosts that do not set another one. */
  readonly user: string
  readonly network: LocalNetwork
  /** Address of this machine as the hosts see it. */
  readonly gateway: string
  /** Finds a host by name. Raises RangeError when there is no such host. */
  host(name: string): LocalHost
  /** Runs a command as root through Docker instead of SSH; sh runs a command that is one text. */
  exec(host: string, command: string | readonly string[]): Promise<ExecResult>
  /** Shuts a host down in an orderly way. It keeps its address and its disks. */
  stop(host: string): Promise<void>
  /** Cuts a host's power. */
  kill(host: string): Promise<void>
  /** Powers a host on, and waits until it is ready. */
  start(host: string): Promise<void>
  /** Drops all packets of a host but those of its loopback, as a pulled cable would. */
  disconnect(host: string): Promise<void>
  reconnect(host: string): Promise<void>
}

/** The table that `disconnect` drops packets with; a host's own firewall rules are left alone. */
const dropTable = 'inet evcctl_disconnected'

const dropRules = `table ${dropTable} {
  chain input { type filter hook input priority -300; iif != lo drop; }
  chain output { type filter hook output priority -300; oif != lo drop; }
  chain forward { type filter hook forward priority -300; policy drop; }
}`

/** Hosts that startLocalHosts has started. */
export class StartedHosts implements LocalHosts {
  readonly name: string
  readonly hosts: readonly LocalHost[]
  readonly user: string
  readonly network: LocalNetwork
  readonly identityFile: string
  readonly knownHostsFile: string
  readonly #client: ContainerRuntimeClient

  constructor(
    client: ContainerRuntimeClient,
    parts: Pick<LocalHosts, 'name' | 'hosts' | 'user' | 'network'> & { readonly state: StateFolder },
  ) {
    this.#client = client
    this.name = parts.name
    this.hosts = parts.hosts
    this.user = parts.user
    this.network = parts.network
    this.identityFile = parts.state.identityFile
    this.knownHostsFile = parts.state.knownHostsFile
  }

  get gateway(): string {
    return this.network.gateway
  }

  host(name: string): LocalHost {
    const found = this.hosts.find(host => host.name === name)
    if (found === undefined) throw new RangeError(`no host ${name} in local cluster ${this.name}`)
    return found
  }

  exec(host: string, command: string | readonly string[]): Promise<ExecResult> {
    const words = typeof command === 'string' ? ['sh', '-c', command] : command
    return execIn(this.#client, this.host(host).containerId, words)
  }

  async stop(host: string): Promise<void> {
    await this.#container(host).stop({ t: 20 })
  }

  async kill(host: string): Promise<void> {
    await this.#container(host).kill()
  }

  async start(host: string): Promise<void> {
    await this.#container(host).start()
    await waitUntilReady(this.#client, this.host(host))
  }

  async disconnect(host: string): Promise<void> {
    await this.#nft(host, dropRules)
  }

  async reconnect(host: string): Promise<void> {
    await this.#nft(host, `delete table ${dropTable}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await removeLocalHosts(this.name)
  }

  async #nft(host: string, rules: string): Promise<void> {
    const { exitCode, stderr } = await this.exec(host, ['nft', rules])
    if (exitCode !== 0) throw new Error(`nft on ${host} exited with ${exitCode}: ${stderr}`)
  }

  #container(host: string) {
    return this.#client.container.getById(this.host(host).containerId)
  }
}
