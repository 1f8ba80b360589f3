import { stringify } from 'smol-toml'
import { ownValue, type RegistryFiles } from '../../src/index.ts'

/** Folder with one hosts.toml for each registry; containerd reads them at every pull. */
export const registriesFolder = '/etc/containerd/certs.d'

/** The mirrors of registries, and the CAs that the runtime trusts. */
export interface Registries {
  /** Registry host → URLs of its mirrors, tried in order before the registry itself; `_default`: every other registry. */
  readonly mirrors: Readonly<Record<string, readonly string[]>>
  /** Host, or host:port, of a registry or mirror → PEM of the CAs that may have signed its certificate. */
  readonly authorities: Readonly<Record<string, string>>
}

/**
 * One hosts.toml for each registry that has a mirror or a CA, with the CA beside it.
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

/** URL of the API of a registry. Docker Hub's API has another host name than the one in image references. */
export function apiHost(registry: string): string {
  return registry === 'docker.io' ? 'registry-1.docker.io' : registry
}
