import { stringify } from 'smol-toml'
import { ownValue, type RegistryFiles } from '../../src/index.ts'

/** Folder of one hosts.toml a registry; containerd reads them at every pull. */
export const registriesFolder = '/etc/containerd/certs.d'

/** Which registries are asked elsewhere first, and which certificates are trusted. */
export interface Registries {
  /** Registry host → URLs of its mirrors, tried in order before the registry itself; `_default`: all the others. */
  readonly mirrors: Readonly<Record<string, readonly string[]>>
  /** Host, or host:port, of a registry or mirror → PEM of the CAs that its certificate may be of. */
  readonly authorities: Readonly<Record<string, string>>
}

/**
 * One hosts.toml for each registry that has a mirror or a CA, and the CA beside it.
 * Format: docs/hosts.md of containerd.
 */
export function hostsFiles({ mirrors, authorities }: Registries): RegistryFiles {
  const hosts = [...new Set([...Object.keys(mirrors), ...Object.keys(authorities)])]
  const tables = hosts.map(host => [`${host}/hosts.toml`, hostsToml(host, { mirrors, authorities })])
  const certificates = Object.entries(authorities).map(([host, pem]) => [`${host}/ca.crt`, pem])
  return Object.fromEntries([...tables, ...certificates])
}

function hostsToml(host: string, { mirrors, authorities }: Registries): string {
  const trusted = (name: string) =>
    Object.hasOwn(authorities, name) ? { ca: `${registriesFolder}/${name}/ca.crt` } : {}
  const tables = (ownValue(mirrors, host) ?? []).map(
    url => [url, { capabilities: ['pull', 'resolve'], ...trusted(new URL(url).host) }] as const,
  )
  const own = host === '_default' ? {} : { server: `https://${apiHost(host)}`, ...trusted(host) }
  return `${stringify({ ...own, ...(tables.length === 0 ? {} : { host: Object.fromEntries(tables) }) })}\n`
}

/** Where the API of a registry is. Docker Hub's does not live under the name that images use. */
export function apiHost(registry: string): string {
  return registry === 'docker.io' ? 'registry-1.docker.io' : registry
}
