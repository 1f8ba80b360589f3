import { randomUUID } from 'node:crypto'
import type { ContainerRuntimeClient } from 'testcontainers'
import { UserError } from '../core/errors.ts'
import { checkClusterName, listLocalHosts, removeLabelled } from './clusters.ts'
import { connectDocker, runLabel, stateLabel, userLabel } from './docker.ts'
import { defaultUser, firstBootScript, type HostLogin } from './first-boot.ts'
import { HostContainer } from './host-container.ts'
import { ensureHostImage } from './image.ts'
import { writeKnownHosts } from './known-hosts.ts'
import { addressIn, createNetwork } from './network.ts'
import type { LocalNode } from './nodes.ts'
import { hostPrivileges } from './privileges.ts'
import { waitUntilReady } from './ready.ts'
import type { ImageVariant, Suite } from './recipe.ts'
import { type LocalHost, type LocalHosts, StartedHosts } from './started-hosts.ts'
import { createState, hasKey, removeState, type StateFolder, stateFolder } from './state-folder.ts'

export interface StartOptions {
  /** Name of the cluster; later commands find its hosts by this name. */
  readonly name: string
  /** The hosts. Each may have login settings of its own; settings that it leaves out are taken from `login`. */
  readonly hosts: readonly (LocalNode & HostLogin)[]
  readonly login?: HostLogin
  /** Debian release of the hosts. Default `trixie`. */
  readonly image?: Suite
  /** The packages that the hosts start with. Default `full`. */
  readonly variant?: ImageVariant
  /** Whether Docker drops traffic that would leave the hosts' network. Default true. */
  readonly internal?: boolean
  /** Folder for the SSH key and known_hosts. Default `${XDG_STATE_HOME:-~/.local/state}/evcctl/local/<name>`. */
  readonly stateFolder?: string
  /** Further labels of all containers, volumes and the network. */
  readonly labels?: Readonly<Record<string, string>>
  /** Called before each step that takes long. */
  readonly onProgress?: (message: string) => void
}

export type { LocalHost, LocalHosts } from './started-hosts.ts'

/** The first number of a host's address; lower numbers are for this machine (.1) and the mirror (.2). */
const firstAddress = 11

/**
 * Starts container hosts with systemd, sshd and sudo in a network of their own, with a new SSH key. The hosts start at
 * the same time: 4 hosts take about 4 s once the image is built. When a step fails, everything that this call has created is
 * removed, and nothing of another one for the same name. Raises UserError when the name is taken, Docker or the image is missing, or a host does not boot.
 */
export async function startLocalHosts(options: StartOptions): Promise<LocalHosts> {
  const { name } = options
  checkClusterName(name)
  const client = await connectDocker()
  if ((await listLocalHosts()).some(cluster => cluster.name === name)) throw nameTaken(name)
  const image = await ensureHostImage({
    suite: options.image ?? 'trixie',
    ...(options.variant && { variant: options.variant }),
    ...(options.onProgress && { onProgress: options.onProgress }),
  })
  const state = stateFolder(name, options.stateFolder)
  // The image may have taken minutes, so this decides who has the name.
  const publicKey = await createState(state, name)
  if (publicKey === undefined) throw keyIsThere(name, state)
  const run = randomUUID()
  try {
    return await startAll(client, { image, state, publicKey, run }, options)
  } catch (error) {
    // What cannot be removed now is named and removed by `evcctl local down`.
    await removeLabelled(runLabel, run).catch(() => {})
    if (await hasKey(state, publicKey)) await removeState(state, name)
    throw error
  }
}

interface Start {
  readonly image: string
  readonly state: StateFolder
  readonly publicKey: string
  /** The value of runLabel. */
  readonly run: string
}

async function startAll(
  client: ContainerRuntimeClient,
  { image, state, publicKey, run }: Start,
  options: StartOptions,
): Promise<LocalHosts> {
  const { name, login = {}, internal = true } = options
  const user = login.user ?? defaultUser
  const labels = { ...options.labels, [stateLabel]: state.folder, [userLabel]: user, [runLabel]: run }
  const [privileges, network] = await Promise.all([
    hostPrivileges(client, image),
    createNetwork(client, name, { internal, labels }),
  ])
  const started = await Promise.allSettled(
    options.hosts.map(async (node, index): Promise<LocalHost> => {
      const own = { ...login, ...node }
      const address = addressIn(network, firstAddress + index)
      const firstBoot = firstBootScript(own, publicKey)
      const container = await new HostContainer(image, {
        cluster: name,
        node,
        address,
        network,
        privileges,
        firstBoot,
        labels,
      }).start()
      const host = {
        name: node.name,
        roles: node.roles,
        address,
        containerId: container.getId(),
        sshPorts: own.sshPorts ?? [22],
        user: own.user ?? defaultUser,
      }
      await waitUntilReady(client, host)
      return host
    }),
  )
  const hosts = started.map(result => {
    if (result.status === 'rejected') throw startError(result.reason)
    return result.value
  })
  await writeKnownHosts(client, state.knownHostsFile, hosts)
  return new StartedHosts(client, { name, hosts, user, network, state })
}

function nameTaken(name: string): UserError {
  return new UserError({
    where: `local cluster ${name}`,
    problem: 'a local cluster of this name exists already',
    next: `Choose another name: evcctl local up --name … ; or remove the cluster first: evcctl local down --name ${name}`,
  })
}

function keyIsThere(name: string, { identityFile }: StateFolder): UserError {
  return new UserError({
    where: `local cluster ${name}`,
    problem: 'there is a key of a local cluster of this name already, so its hosts are there or start at this moment',
    actual: identityFile,
    next: `Wait for the other evcctl local up, or choose another name: evcctl local up --name … ; if there is none, remove what it left: evcctl local down --name ${name}`,
  })
}

function startError(reason: unknown): unknown {
  if (reason instanceof UserError) return reason
  return new UserError(
    {
      where: 'Docker',
      problem: 'a container host cannot be started',
      actual: reason instanceof Error ? reason.message : String(reason),
      next: 'See the log of dockerd (journalctl -u docker, or /var/log/dockerd.log).',
    },
    { cause: reason },
  )
}
