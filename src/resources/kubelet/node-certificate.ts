import { X509Certificate } from 'node:crypto'
import type { ErrorDetails } from '../../core/error-details.ts'
import { isObjectName } from '../support/index.ts'

/** The kubelet's own certificate and key. */
export const kubeletClientPath = '/var/lib/kubelet/pki/kubelet-client-current.pem'

/** Lines `nodeCertificate=<line of PEM>` if the host has a kubelet's certificate; its key stays on the host. */
export const printNodeCertificate = `if [ -f ${kubeletClientPath} ]; then
  sed -n '/BEGIN CERTIFICATE/,/END CERTIFICATE/s/^/nodeCertificate=/p' ${kubeletClientPath}
fi
`

/**
 * The node that a kubelet's certificate is for (its subject is `system:node:<name>`); undefined when it names none, or a
 * name that no node can have.
 */
export function nodeNameOf(pem: string): string | undefined {
  try {
    const name = /^CN=system:node:(.+)$/m.exec(new X509Certificate(pem).subject)?.[1]
    return name !== undefined && isObjectName(name) ? name : undefined
  } catch {
    return undefined
  }
}

/** Why the name of a node cannot be changed. */
export function otherNode(actual: string, expected: string): ErrorDetails {
  return {
    problem: 'This host is a node with another name, and a node cannot be renamed.',
    expected: `the node ${expected}`,
    actual: `the node ${actual}`,
    next: `Is ${expected} another machine? Correct the addresses in cluster.yaml. Or name this one ${actual} there. To give it the new name, it has to leave the cluster first, with all that it does there: kubectl drain ${actual}; kubeadm reset on the host; kubectl delete node ${actual}; apply again.`,
  }
}
