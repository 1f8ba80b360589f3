import { exitCodes, UserError } from '../core/errors.ts'
import { clusterLabel, connectDocker, hostLabel, rolesLabel, stateLabel, unlessGone, userLabel } from './docker.ts'
import { removeNetwork } from './network.ts'
import { removeState, stateFolder } from './state-folder.ts'
import { thaw } from './thaw.ts'

/** A host of a local cluster as Docker knows it. */
export interface LocalHostStatus {
  readonly name: string
  readonly roles: readonly string[]
  readonly address: string
  readonly containerId: string
  readonly running: boolean
}

/** A local cluster as Docker knows it. */
export interface LocalClusterStatus {
  readonly name: string
  /** The hosts, sorted by name. */
  readonly hosts: readonly LocalHostStatus[]
  /** The folder with its SSH key and known_hosts. */
  readonly stateFolder: string
  /** Login name. */
  readonly user: string
  readonly labels: Readonly<Record<string, string>>
}

/** The local clusters of this machine, including stopped ones. Raises UserError when there is no Docker daemon. */
export async function listLocalHosts(): Promise<LocalClusterStatus[]> {
  const { dockerode } = (await connectDocker()).container
  const containers = await dockerode.listContainers({ all: true, filters: { label: [hostLabel] } })
  const clusters = Map.groupBy(containers, container => container.Labels[clusterLabel] ?? '')
  return [...clusters]
    .map(([name, members]) => {
      const labels = members[0]?.Labels ?? {}
      const hosts = members.map(member => ({
        name: member.Labels[hostLabel] ?? '',
        roles: (member.Labels[rolesLabel] ?? '').split(','),
        address: Object.values(member.NetworkSettings.Networks)[0]?.IPAMConfig?.IPv4Address ?? '',
        containerId: member.Id,
        running: member.State === 'running',
      }))
      hosts.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
      return {
        name,
        hosts,
        labels,
        stateFolder: labels[stateLabel] ?? stateFolder(name).folder,
        user: labels[userLabel] ?? '',
      }
    })
    .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
}

/**
 * Removes a local cluster: its containers, volumes, network and state folder. Returns how many containers there were.
 * It is no error when there is nothing to remove, so that this also cleans up after a start that failed half-way.
 */
export async function removeLocalHosts(name: string): Promise<number> {
  checkClusterName(name)
  const containers = await removeLabelled(clusterLabel, name)
  await removeState(stateFolder(name, containers[0]?.Labels[stateLabel]), name)
  return containers.length
}

/** Removes all containers, volumes and networks with a label of this value; returns the containers. */
export async function removeLabelled(label: string, value: string): Promise<readonly Labelled[]> {
  const { dockerode } = (await connectDocker()).container
  const filters = { label: [`${label}=${value}`] }
  const containers = await dockerode.listContainers({ all: true, filters })
  await Promise.all(
    containers.map(async ({ Id }) => {
      const remove = () => unlessGone(dockerode.getContainer(Id).remove({ force: true, v: true }))
      await remove().catch(() => thaw(Id).then(remove))
    }),
  )
  const [networks, { Volumes }] = await Promise.all([
    dockerode.listNetworks({ filters }),
    dockerode.listVolumes({ filters }),
  ])
  await Promise.all([
    ...networks.map(network => removeNetwork(dockerode, network)),
    ...(Volumes ?? []).map(volume => unlessGone(dockerode.getVolume(volume.Name).remove())),
  ])
  return containers
}

interface Labelled {
  readonly Labels: Readonly<Record<string, string>>
}

/** Raises UserError unless the name can be part of a container's, a network's and a folder's name. */
export function checkClusterName(name: string): void {
  if (/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/.test(name)) return
  throw new UserError(
    {
      where: '--name',
      problem: 'this cannot be the name of a local cluster',
      expected: 'at most 40 lower case letters, digits and hyphens, neither beginning nor ending with a hyphen',
      actual: JSON.stringify(name),
    },
    { exitCode: exitCodes.badInput },
  )
}
