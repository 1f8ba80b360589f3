import { exitCodes, UserError } from '../core/errors.ts'

/** Where a Docker API client sends its requests. */
export interface DaemonAddress {
  readonly socketPath?: string
  readonly host?: string
}

/** Raises UserError unless DOCKER_HOST is the address of a daemon: `unix:///path`, or `tcp`, `http` or `https` with a host. */
export function checkDockerHost(dockerHost: string): void {
  const url = URL.canParse(dockerHost) ? new URL(dockerHost) : undefined
  if (url?.protocol === 'unix:' && url.hostname === '' && url.pathname.length > 1) return
  if (/^(tcp|https?):$/.test(url?.protocol ?? '') && url?.hostname !== '') return
  throw unusable('this is not the address of a Docker daemon', dockerHost)
}

/**
 * Raises UserError when a client talks to another daemon than that of DOCKER_HOST: when the daemon does not answer,
 * testcontainers silently tries the usual sockets.
 */
export function checkDaemon(dockerHost: string, { socketPath, host }: DaemonAddress): void {
  const { hostname, pathname } = new URL(dockerHost)
  if (hostname === '' ? socketPath === pathname : host === hostname) return
  throw unusable('no Docker daemon answers there', dockerHost)
}

function unusable(problem: string, dockerHost: string): UserError {
  return new UserError(
    {
      where: 'DOCKER_HOST',
      problem,
      expected: 'unix:///path/of/docker.sock or tcp://host:port, usable by this user',
      actual: dockerHost,
      next: 'Correct it, or: unset DOCKER_HOST   (then /var/run/docker.sock is used)',
    },
    { exitCode: exitCodes.badInput },
  )
}
