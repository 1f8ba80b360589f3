import { stringify } from 'smol-toml'
import { deepMerge, type RegistryFiles, runtimes, socketPath } from '../../src/index.ts'

/** Where the programs of the bundle go that only CRI-O starts. */
export const helpers = '/usr/local/libexec/crio'
/** Which images are accepted; also read by skopeo, which loads image archives. */
export const policyPath = '/etc/crio/policy.json'
/** How registries are logged into; read at every pull, also of the pause image. */
export const loginsPath = '/etc/evcctl/registries.json'
/** One folder a registry, with the CA that it is trusted by; read at every pull. */
export const registriesFolder = '/etc/containers/certs.d'

export interface CriOConfig {
  /** Image of the container that holds a pod's namespaces. */
  readonly sandboxImage: string
  /** Whether there are logins at loginsPath. */
  readonly hasLogins: boolean
  /** Laid over it in order; see deepMerge(). */
  readonly patches: readonly Readonly<Record<string, unknown>>[]
}

/**
 * A drop-in of crio.conf (crio.conf.d(5) of CRI-O 1.34 to 1.36). Files of others that sort after it win.
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
 * Mirrors, as containers-registries.conf(5) has them. Short names of images mean what they mean to Docker.
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

/** The CAs of registries, as containers-certs.d(5) has them. */
export function certificateFiles(authorities: Readonly<Record<string, string>>): RegistryFiles {
  return Object.fromEntries(Object.entries(authorities).map(([host, pem]) => [`${host}/ca.crt`, pem]))
}

/** Accepts every image, as containerd and Docker do (containers-policy.json(5)). */
export const policy = `${JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] }, null, 2)}\n`

/** So that crictl asks CRI-O, without flags. */
export const crictlConfig = `# Managed by evcctl.
runtime-endpoint: ${runtimes['cri-o'].socket}
image-endpoint: ${runtimes['cri-o'].socket}
`
