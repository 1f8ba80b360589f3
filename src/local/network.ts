import { setTimeout as sleep } from 'node:timers/promises'
import type { ContainerRuntimeClient } from 'testcontainers'
import { UserError } from '../core/errors.ts'
import { clusterLabel, type Docker, statusOf, unlessGone } from './docker.ts'

/** The bridge network of a local cluster. */
export interface LocalNetwork {
  readonly id: string
  readonly name: string
  /** CIDR. */
  readonly subnet: string
  /** Address of this machine on the network, and the hosts' default route. */
  readonly gateway: string
}

/** How often creating the network is tried while other networks come and go. */
const attempts = 20

/**
 * Creates the network of a cluster. With `internal`, Docker drops traffic that would leave the network.
 * Docker keeps a container's address over a restart only in a network that was created with an explicit subnet. So this
 * function lets Docker find a free subnet, and then creates the network with that subnet.
 */
export async function createNetwork(
  client: ContainerRuntimeClient,
  cluster: string,
  options: { readonly internal: boolean; readonly labels: Readonly<Record<string, string>> },
): Promise<LocalNetwork> {
  const docker = client.container.dockerode
  const name = `evcctl-${cluster}`
  const common = {
    Internal: options.internal,
    CheckDuplicate: true,
    Labels: { ...options.labels, [clusterLabel]: cluster },
  }
  for (let attempt = 1; ; attempt++) {
    const free = await freeSubnet(docker, name, common)
    try {
      const network = await docker.createNetwork({ ...common, Name: name, IPAM: { Driver: 'default', Config: [free] } })
      return { id: network.id, name, subnet: free.Subnet, gateway: free.Gateway }
    } catch (cause) {
      const overlaps = cause instanceof Error && cause.message.includes('overlap')
      if (!overlaps || attempt === attempts) throw networkError(name, cause)
      await sleep(50 * attempt)
    }
  }
}

/** The n-th address of a network, e.g. 172.18.0.11 for 11. Pure. */
export function addressIn(network: LocalNetwork, n: number): string {
  const base = network.subnet.split('/')[0] ?? ''
  return base.replace(/\d+$/, last => String(Number(last) + n))
}

/** Finds a cluster's network. */
export async function findNetwork(docker: Docker, cluster: string): Promise<LocalNetwork | undefined> {
  const [found] = await docker.listNetworks({ filters: { label: [`${clusterLabel}=${cluster}`] } })
  const config = found?.IPAM?.Config?.[0]
  if (found === undefined || config?.Subnet === undefined || config.Gateway === undefined) return undefined
  return { id: found.Id, name: found.Name, subnet: config.Subnet, gateway: config.Gateway }
}

/** How often the removal of a network is tried, and the wait between two tries, ms. */
const removal = { attempts: 75, everyMs: 200 }

/**
 * Removes a network, unless it is gone. A container that somebody else removes at this moment, or that is slow to end, is still in it;
 * then it is tried again for 15 s. Raises UserError when it cannot be removed.
 */
export async function removeNetwork(docker: Pick<Docker, 'getNetwork'>, { Id, Name }: FoundNetwork): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await unlessGone(docker.getNetwork(Id).remove())
      return
    } catch (cause) {
      // 403: it has active endpoints.
      if (statusOf(cause) !== 403) throw cause
      if (attempt === removal.attempts) throw stillUsed(Name, cause)
      await sleep(removal.everyMs)
    }
  }
}

/** A network as Docker lists it. */
export interface FoundNetwork {
  readonly Id: string
  readonly Name: string
}

function stillUsed(name: string, cause: unknown): UserError {
  return new UserError(
    {
      where: `network ${name}`,
      problem: 'Docker does not remove it, because a container is still in it.',
      actual: messageOf(cause),
      next: `See which: docker network inspect ${name}. When that container is gone, run the same command again.`,
    },
    { cause },
  )
}

async function freeSubnet(docker: Docker, name: string, common: object): Promise<{ Subnet: string; Gateway: string }> {
  try {
    const trial = await docker.createNetwork({ ...common, Name: `${name}-trial` })
    const { IPAM } = await docker.getNetwork(trial.id).inspect()
    await unlessGone(docker.getNetwork(trial.id).remove())
    const { Subnet, Gateway } = IPAM?.Config?.[0] ?? {}
    if (Subnet === undefined || Gateway === undefined) throw new Error('Docker gave the network no IPv4 subnet')
    return { Subnet, Gateway }
  } catch (cause) {
    throw networkError(name, cause)
  }
}

function networkError(name: string, cause: unknown): UserError {
  const full = statusOf(cause) === 500 || String(cause).includes('address pool')
  return new UserError(
    {
      where: `Docker network ${name}`,
      problem: 'the network of the hosts cannot be created',
      actual: messageOf(cause),
      next: full
        ? 'Docker may have no free address range left: see docker network ls, and evcctl local list for clusters to take down.'
        : 'See docker network ls, and evcctl local list for clusters to take down.',
    },
    { cause },
  )
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
