import type { KubeadmImages, KubernetesDocument } from '../../src/index.ts'

const defaultRepository = 'registry.k8s.io'

interface ImageSource {
  readonly imageRepository?: string
  readonly imageTag?: string
}

/**
 * The images that `kubeadm config images list` names for a ClusterConfiguration
 * (cmd/kubeadm/app/images/images.go of k8s.io/kubernetes 1.36). `version` is without `v`.
 */
export function kubeadmImageNames(
  cluster: KubernetesDocument,
  version: string,
  tags: KubeadmImages,
): readonly string[] {
  const {
    imageRepository = defaultRepository,
    dns = {},
    proxy = {},
    etcd = {},
  } = cluster as {
    readonly imageRepository?: string
    readonly dns?: ImageSource & { readonly disabled?: boolean }
    readonly proxy?: { readonly disabled?: boolean }
    readonly etcd?: { readonly local?: ImageSource; readonly external?: unknown }
  }
  const programs = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler']
  if (proxy.disabled !== true) programs.push('kube-proxy')
  const names = programs.map(name => `${imageRepository}/${name}:v${version}`)
  if (dns.disabled !== true) {
    // Only upstream's own registry has CoreDNS in a folder of its own.
    const folder = imageRepository === defaultRepository ? `${imageRepository}/coredns` : imageRepository
    names.push(`${dns.imageRepository ?? folder}/coredns:${dns.imageTag ?? tags.coredns}`)
  }
  names.push(`${imageRepository}/pause:${tags.pause}`)
  if (etcd.external === undefined) {
    const { imageRepository: own = imageRepository, imageTag = tags.etcd } = etcd.local ?? {}
    names.push(`${own}/etcd:${imageTag}`)
  }
  return names
}
