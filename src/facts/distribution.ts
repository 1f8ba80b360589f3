/** How to recognise the hosts of a distribution, and the files on them. Paths are absolute. */
export interface DistributionFacts {
  /** What makes a node of a host. */
  readonly maker: string
  /**
   * Lines of sh that print `kubelet.conf` if the credentials of a node exist, `admin.conf` if those of the administrator
   * exist, `control-plane` if all files of an API server exist and no work was interrupted, `apiServer=`,
   * `formerApiServer=` and `kubelet=` with their versions, `etcdTag=` with the tag of its image, and `etcdPlaced=` with seconds; see KubernetesFacts.
   */
  readonly node: string
  /** A condition of sh, for an `if`: the creation or removal of a node was interrupted. */
  readonly unfinished: string
  /** Folder of the files below, with a slash at its end. */
  readonly folder: string
  /** Patterns of sh for the kubeconfigs, certificates, keys and manifests of a node. */
  readonly files: string
  /** Patterns of sh for files with certificates of the cluster, including kubeconfigs. */
  readonly certificates: readonly string[]
}
