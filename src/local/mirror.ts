import { connect } from 'node:net'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { GenericContainer } from 'testcontainers'
import { Countdown } from '../core/countdown.ts'
import { UserError } from '../core/errors.ts'
import { clusterLabel, connectDocker } from './docker.ts'
import { ensureHostImage } from './image.ts'
import { addressIn, findNetwork } from './network.ts'

export interface MirrorOptions {
  /** Folder to serve, read-only. */
  readonly folder: string
  /** The local cluster whose hosts are served; it must have been started. */
  readonly name: string
  readonly onProgress?: (message: string) => void
}

/** Label of the container that serves files to a cluster's hosts. */
const mirrorLabel = 'dev.evcctl.local.mirror'

const configuration = `
daemon off;
user root;
worker_processes auto;
events { worker_connections 1024; }
http {
  sendfile on;
  tcp_nopush on;
  default_type application/octet-stream;
  access_log /dev/stdout;
  error_log /dev/stderr;
  server { listen 80; root /srv/mirror; autoindex on; }
}
`

/**
 * Serves a folder over HTTP to a local cluster's hosts, from a container in their network. The container outlives this
 * process and is removed with the cluster. Raises UserError when there is no such cluster or the server does not answer.
 */
export async function startMirror(options: MirrorOptions): Promise<{ readonly url: string }> {
  const client = await connectDocker()
  const network = await findNetwork(client.container.dockerode, options.name)
  if (network === undefined) {
    throw new UserError({
      where: `local cluster ${options.name}`,
      problem: 'there is no such local cluster to serve files to',
      next: `Start it first: evcctl local up --name ${options.name}`,
    })
  }
  const image = await ensureHostImage({ ...options, suite: 'trixie' })
  const address = addressIn(network, 2)
  await new MirrorContainer(image, address, network.name)
    .withName(`evcctl-${options.name}-mirror`)
    .withLabels({ [clusterLabel]: options.name, [mirrorLabel]: options.folder })
    .withNetworkMode(network.name)
    .withBindMounts([{ source: resolve(options.folder), target: '/srv/mirror', mode: 'ro' }])
    .withCopyContentToContainer([{ content: configuration, target: '/etc/nginx/mirror.conf' }])
    .withCommand(['nginx', '-e', '/dev/stderr', '-c', '/etc/nginx/mirror.conf'])
    .withAutoCleanup(false)
    .start()
  await untilListening(address, options.name)
  return { url: `http://${address}` }
}

class MirrorContainer extends GenericContainer {
  constructor(image: string, address: string, network: string) {
    super(image)
    this.createOpts.NetworkingConfig = {
      EndpointsConfig: { [network]: { IPAMConfig: { IPv4Address: address } } },
    }
    this.createOpts.StopSignal = 'SIGTERM'
  }
}

async function untilListening(address: string, name: string): Promise<void> {
  using patience = new Countdown(15_000)
  while (!patience.signal.aborted) {
    if (await listens(address)) return
    await sleep(50)
  }
  throw new UserError({
    where: `mirror of local cluster ${name}`,
    problem: `nothing listens at ${address}:80`,
    next: `See: docker logs evcctl-${name}-mirror`,
  })
}

function listens(address: string): Promise<boolean> {
  return new Promise(found => {
    const socket = connect({ host: address, port: 80, timeout: 1000 })
    const end = (up: boolean) => {
      socket.destroy()
      found(up)
    }
    socket
      .on('connect', () => end(true))
      .on('error', () => end(false))
      .on('timeout', () => end(false))
  })
}
