import { stringify } from 'smol-toml'
import { deepMerge, type PlainLogins } from '../../src/index.ts'
import { apiHost, registriesFolder } from './hosts.ts'

/** Folder of drop-in files of other programs, e.g. of a GPU toolkit. */
export const dropIns = '/etc/containerd/conf.d/*.toml'

export interface ContainerdConfig {
  /** Image of the container that holds a pod's namespaces. */
  readonly sandboxImage: string
  /** Registry or mirror → credentials for it. */
  readonly logins: PlainLogins
  /** Merged into the configuration in order; see deepMerge(). */
  readonly patches: readonly Readonly<Record<string, unknown>>[]
}

/**
 * config.toml in version 3, which containerd 2.0 and newer read (docs/cri/config.md of containerd). Layers are deleted
 * once they are unpacked, because nodes run images and do not push them. The transfer service cannot delete them, so
 * containerd pulls locally.
 */
export function renderContainerdConfig({ sandboxImage, logins, patches }: ContainerdConfig): string {
  const base = {
    version: 3,
    imports: [dropIns],
    plugins: {
      'io.containerd.cri.v1.images': {
        discard_unpacked_layers: true,
        max_concurrent_downloads: 8,
        use_local_image_pull: true,
        pinned_images: { sandbox: sandboxImage },
        registry: { config_path: registriesFolder, ...configs(logins) },
      },
      'io.containerd.cri.v1.runtime': {
        containerd: {
          runtimes: { runc: { runtime_type: 'io.containerd.runc.v2', options: { SystemdCgroup: true } } },
        },
      },
    },
  }
  const merged = patches.reduce<Record<string, unknown>>((config, patch) => deepMerge(config, patch), base)
  return `# Managed by evcctl: spec.runtime of cluster.yaml. Additions of your own: ${dropIns}\n${stringify(merged)}\n`
}

// The key is the host that serves the image in the end (ParseAuth and PullImage of internal/cri/server/images/image_pull.go).
function configs(logins: PlainLogins) {
  const entries = Object.entries(logins).map(([registry, auth]) => [apiHost(registry), { auth }] as const)
  return entries.length === 0 ? {} : { configs: Object.fromEntries(entries) }
}
