import { deepMerge, type RegistryFiles } from '../../src/index.ts'

/** One folder a registry, with the CA that it is trusted by; read at every pull. */
export const registriesFolder = '/etc/docker/certs.d'

export interface DockerConfig {
  /** URLs of mirrors of docker.io: Docker knows no others. */
  readonly mirrors: readonly string[]
  /** Laid over it in order; see deepMerge(). */
  readonly patches: readonly Readonly<Record<string, unknown>>[]
}

/**
 * daemon.json of Docker 20.10 and newer (docs.docker.com/reference/cli/dockerd).
 * - Docker, not the kubelet, rotates the logs of its containers: the limits are the kubelet's own for others.
 * - Its packet filter rules would drop what pods send each other (policy DROP of FORWARD); pods have the network's.
 */
export function renderDockerConfig({ mirrors, patches }: DockerConfig): string {
  const base = {
    'exec-opts': ['native.cgroupdriver=systemd'],
    'log-driver': 'json-file',
    'log-opts': { 'max-size': '10m', 'max-file': '5' },
    'live-restore': true,
    iptables: false,
    ...(mirrors.length === 0 ? {} : { 'registry-mirrors': [...mirrors] }),
  }
  const merged = patches.reduce<Record<string, unknown>>((config, patch) => deepMerge(config, patch), base)
  return `${JSON.stringify(merged, null, 2)}\n`
}

/** The CAs of registries (docs.docker.com/engine/security/certificates). */
export function certificateFiles(authorities: Readonly<Record<string, string>>): RegistryFiles {
  return Object.fromEntries(Object.entries(authorities).map(([host, pem]) => [`${host}/ca.crt`, pem]))
}
