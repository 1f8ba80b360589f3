import { type ClusterSpec, defaultsFor } from '../../src/index.ts'

/**
 * The image of the pause container (sandbox) of all pods, which every node has: kubeadm's, unless the settings of the
 * runtime name another.
 */
export function sandboxImage({ images, kubernetes, runtime }: ClusterSpec): string {
  const patched = runtime.configPatches.map(patch => pinnedSandbox(patch)).findLast(image => image !== undefined)
  return patched ?? `${images.registry ?? 'registry.k8s.io'}/pause:${defaultsFor(kubernetes.version).pause}`
}

// https://github.com/containerd/containerd/blob/v2.3.4/docs/cri/config.md
function pinnedSandbox(patch: Readonly<Record<string, unknown>>): string | undefined {
  const { plugins } = patch as {
    readonly plugins?: Readonly<Record<string, { readonly pinned_images?: { readonly sandbox?: string } }>>
  }
  return plugins?.['io.containerd.cri.v1.images']?.pinned_images?.sandbox
}
