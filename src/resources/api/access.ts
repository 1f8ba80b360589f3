/**
 * How the API of a cluster is reached from its own hosts. Each way of making a cluster says it; see Distribution. Paths are
 * absolute.
 */
export interface ApiAccess {
  /** Kubeconfig of the cluster's administrator, on control plane nodes: certificate and key are in the file itself. */
  readonly adminConf: string
  /** The start of a kubectl command line, e.g. `/usr/local/bin/kubectl`, or a program and its subcommand. */
  readonly kubectl: string
  /** kubectl as one file that runs by itself, also in a pod that gets nothing else; on every node. */
  readonly kubectlFile: string
  /** The CA certificate of the API servers. */
  readonly ca: string
  /** Kubeconfig of the node itself. Without it, the host is no node. */
  readonly kubeletConf: string
  /** Certificate and key of the same credentials, PEM; undefined: the key is in the file of the certificate. */
  readonly kubeletCertificate: { readonly certificate: string; readonly key?: string }
  /** A condition of sh, for an `if`: work on making or removing the node was cut off. What answers there is no cluster yet. */
  readonly unfinished: string
}
