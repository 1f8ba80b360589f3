/** What a distribution says of how its hosts are told from others, and of what lies there. Paths are absolute. */
export interface DistributionFacts {
  /**
   * Lines of sh that print `kubelet.conf` where the node's own credentials are, `admin.conf` where the administrator's are,
   * and `control-plane` where all of an API server is, and nothing was cut off; see KubernetesFacts.
   */
  readonly node: string
  /** A condition of sh, for an `if`: work on making or removing a node was cut off. */
  readonly unfinished: string
  /** Folder of the files below, with a slash at its end. */
  readonly folder: string
  /** Words of sh: patterns of the kubeconfigs, certificates, keys and manifests of a node. */
  readonly files: string
  /** Patterns of sh: files with certificates of the cluster, kubeconfigs among them. */
  readonly certificates: readonly string[]
}
