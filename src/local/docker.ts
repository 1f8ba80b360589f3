import { stat } from 'node:fs/promises'
import { type ContainerRuntimeClient, getContainerRuntimeClient } from 'testcontainers'
import { UserError } from '../core/errors.ts'
import { checkDaemon, checkDockerHost, type DaemonAddress } from './docker-host.ts'

/** The Docker API client. */
export type Docker = ContainerRuntimeClient['container']['dockerode']

/** Label of every container, network and volume of a local cluster; its value is the cluster's name. */
export const clusterLabel = 'dev.evcctl.local'
/** Label of a container that is a host; its value is the host's name. */
export const hostLabel = 'dev.evcctl.local.host'
/** Label with a host's roles, separated by commas. */
export const rolesLabel = 'dev.evcctl.local.roles'
/** Label with the cluster's state folder. */
export const stateLabel = 'dev.evcctl.local.state'
/** Label with the absolute path of the cluster file that was written for it. */
export const fileLabel = 'dev.evcctl.local.file'
/** Label of everything that one start of hosts has made; its value is random. */
export const runLabel = 'dev.evcctl.local.run'
/** Label with the login name of a host. */
export const userLabel = 'dev.evcctl.local.user'

/** The outcome of a command in a container. */
export interface ExecResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/**
 * Connects to the Docker daemon that DOCKER_HOST or the usual socket names.
 * Raises UserError when there is none, saying whether Docker is missing or not running, and when DOCKER_HOST is invalid.
 */
export async function connectDocker(): Promise<ContainerRuntimeClient> {
  // The reaper of testcontainers is an image that not every machine can pull. evcctl finds and removes its containers by label.
  process.env.TESTCONTAINERS_RYUK_DISABLED = 'true'
  const dockerHost = process.env.DOCKER_HOST ?? ''
  if (dockerHost !== '') checkDockerHost(dockerHost)
  const client = await anyDaemon()
  if (dockerHost !== '') checkDaemon(dockerHost, client.container.dockerode.modem as DaemonAddress)
  return client
}

async function anyDaemon(): Promise<ContainerRuntimeClient> {
  try {
    return await getContainerRuntimeClient()
  } catch (cause) {
    const installed = await isInstalled()
    throw new UserError(
      {
        where: 'Docker',
        problem: installed ? 'the Docker daemon does not answer' : 'Docker is not installed on this machine',
        expected: `a Docker daemon at ${process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock'}, usable by this user`,
        next: installed
          ? 'Start it (systemctl start docker, or scripts/setup.sh in a checkout of evcctl) and run this again.'
          : 'On Debian: apt-get install --no-install-recommends docker.io iptables mmdebstrap; then run this again.',
      },
      { cause },
    )
  }
}

/** Runs a command in a container as root. */
export async function execIn(
  client: ContainerRuntimeClient,
  containerId: string,
  command: readonly string[],
): Promise<ExecResult> {
  const result = await client.container.exec(client.container.getById(containerId), [...command])
  return { exitCode: result.exitCode, stdout: result.stdout, stderr: result.stderr }
}

/** Whether this machine has an image. */
export async function imageExists(docker: Docker, name: string): Promise<boolean> {
  try {
    await docker.getImage(name).inspect()
    return true
  } catch (error) {
    if (statusOf(error) === 404) return false
    throw error
  }
}

/** The HTTP status of a Docker API error, e.g. 404 (no such object) or 409 (conflict). */
export function statusOf(error: unknown): number | undefined {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined
  return typeof status === 'number' ? status : undefined
}

/** Waits for a promise, and ignores the error that an object is already gone. */
export async function unlessGone(removal: Promise<unknown>): Promise<void> {
  try {
    await removal
  } catch (error) {
    // 409: the removal of the object is in progress.
    if (statusOf(error) !== 404 && statusOf(error) !== 409) throw error
  }
}

async function isInstalled(): Promise<boolean> {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin']
  const found = await Promise.all(
    folders.map(folder =>
      stat(`${folder}/dockerd`).then(
        () => true,
        () => false,
      ),
    ),
  )
  return found.includes(true)
}
