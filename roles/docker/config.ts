import { deepMerge, type RegistryFiles } from '../../src/index.ts'

/** Folder with one folder for each registry, which holds its CA; Docker reads them at every pull. */
export const registriesFolder = '/etc/docker/certs.d'

export interface DockerConfig {
  /** URLs of mirrors of docker.io: Docker supports mirrors of no other registry. */
  readonly mirrors: readonly string[]
  /** Merged into the configuration in order; see deepMerge(). */
  readonly patches: readonly Readonly<Record<string, unknown>>[]
}

/**
 * daemon.json of Docker 20.10 and newer (docs.docker.com/reference/cli/dockerd).
 * - Docker, not the kubelet, rotates the logs of its containers: the limits are those that the kubelet uses elsewhere.
 * - Docker's packet filter rules are off: they would drop packets between pods (policy DROP of FORWARD), and the pod
 *   network has its own rules.
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
