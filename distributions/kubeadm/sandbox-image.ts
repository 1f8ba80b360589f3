import { type ClusterSpec, UserError } from '../../src/index.ts'

/**
 * The image of the pause container (sandbox) of all pods, which every node has: kubeadm's, unless the settings of the
 * runtime name another. Throws UserError if kubeadm's is not known yet.
 */
export function sandboxImage({ images, kubernetes, runtime }: ClusterSpec): string {
  const patched = runtime.configPatches.map(patch => pinnedSandbox(patch)).findLast(image => image !== undefined)
  if (patched !== undefined) return patched
  if (kubernetes.images === undefined) throw unknownImages(kubernetes.version)
  return `${images.registry ?? 'registry.k8s.io'}/pause:${kubernetes.images.pause}`
}

function unknownImages(version: string): UserError {
  return new UserError({
    where: 'spec.kubernetes.version',
    problem: `The images of Kubernetes ${version} are not known: cluster.lock.yaml beside the cluster file does not have them.`,
    next: 'evcctl apply looks them up and records them there.',
  })
}

// https://github.com/containerd/containerd/blob/v2.3.4/docs/cri/config.md
function pinnedSandbox(patch: Readonly<Record<string, unknown>>): string | undefined {
  const { plugins } = patch as {
    readonly plugins?: Readonly<Record<string, { readonly pinned_images?: { readonly sandbox?: string } }>>
  }
  return plugins?.['io.containerd.cri.v1.images']?.pinned_images?.sandbox
}
