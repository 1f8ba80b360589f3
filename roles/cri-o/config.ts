import { stringify } from 'smol-toml'
import { deepMerge, type RegistryFiles, runtimes, socketPath } from '../../src/index.ts'

/** Folder for the programs of the bundle that only CRI-O starts. */
export const helpers = '/usr/local/libexec/crio'
/** The policy for which images are accepted; skopeo, which loads image archives, reads it as well. */
export const policyPath = '/etc/crio/policy.json'
/** The credentials for registries; CRI-O reads them at every pull, also for the pause image. */
export const loginsPath = '/etc/evcctl/registries.json'
/** Folder with one folder for each registry, which holds its CA; CRI-O reads them at every pull. */
export const registriesFolder = '/etc/containers/certs.d'

export interface CriOConfig {
  /** Image of the container that holds a pod's namespaces. */
  readonly sandboxImage: string
  /** Whether there are logins at loginsPath. */
  readonly hasLogins: boolean
  /** Merged into the configuration in order; see deepMerge(). */
  readonly patches: readonly Readonly<Record<string, unknown>>[]
}

/**
 * A drop-in of crio.conf (crio.conf.d(5) of CRI-O 1.34 to 1.36). Files of others that sort after it take precedence.
 */
export function renderCriOConfig({ sandboxImage, hasLogins, patches }: CriOConfig): string {
  const base = {
    crio: {
      api: { listen: socketPath(runtimes['cri-o'].socket) },
      image: {
        pause_image: sandboxImage,
        signature_policy: policyPath,
        ...(hasLogins ? { global_auth_file: loginsPath } : {}),
      },
      network: { network_dir: '/etc/cni/net.d', plugin_dirs: ['/opt/cni/bin'] },
      runtime: {
        cgroup_manager: 'systemd',
        pinns_path: '/usr/local/bin/pinns',
        default_runtime: 'crun',
        runtimes: {
          crun: { runtime_path: `${helpers}/crun`, runtime_root: '/run/crun', monitor_path: `${helpers}/conmon` },
        },
      },
    },
  }
  const merged = patches.reduce<Record<string, unknown>>((config, patch) => deepMerge(config, patch), base)
  const advice = 'Additions of your own: other files in /etc/crio/crio.conf.d'
  return `# Managed by evcctl: spec.runtime of cluster.yaml. ${advice}\n${stringify(merged)}\n`
}

/** Registry host → URLs of its mirrors, tried in order before the registry itself. */
export type Mirrors = Readonly<Record<string, readonly string[]>>

/**
 * Mirrors, as containers-registries.conf(5) describes them. Short image names mean the same as to Docker.
 */
export function renderRegistries(mirrors: Mirrors): string {
  const registry = Object.entries(mirrors).map(([host, urls]) => ({
    prefix: host,
    location: host,
    mirror: urls.map(url => {
      const { host: location, protocol } = new URL(url)
      return { location, ...(protocol === 'http:' ? { insecure: true } : {}) }
    }),
  }))
  const text = stringify({
    'unqualified-search-registries': ['docker.io'],
    ...(registry.length === 0 ? {} : { registry }),
  })
  return `# Managed by evcctl: spec.runtime.registryMirrors of cluster.yaml.\n${text}\n`
}

/** The CAs of registries, as containers-certs.d(5) describes them. */
export function certificateFiles(authorities: Readonly<Record<string, string>>): RegistryFiles {
  return Object.fromEntries(Object.entries(authorities).map(([host, pem]) => [`${host}/ca.crt`, pem]))
}

/** Accepts every image, as containerd and Docker do (containers-policy.json(5)). */
export const policy = `${JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] }, null, 2)}\n`

/** Lets crictl talk to CRI-O without flags. */
export const crictlConfig = `# Managed by evcctl.
runtime-endpoint: ${runtimes['cri-o'].socket}
image-endpoint: ${runtimes['cri-o'].socket}
`
