import { createHash, X509Certificate } from 'node:crypto'
import { isIPv6 } from 'node:net'
import type { ErrorDetails } from '../core/errors.ts'
import { isObjectName } from './handed-on.ts'

/** Where evcctl keeps what it knows of a host. */
export const stateFolder = '/var/lib/evcctl'

/** What the network check proved of the node that the host is now; removed before it becomes another one. */
export const networkCheckStamp = `${stateFolder}/network-check`

/**
 * The hash by which a joining node knows the cluster's CA: `sha256:` and the hex digest of the subject public key info
 * (RFC 7469; kubeadm's discovery.bootstrapToken.caCertHashes). Undefined when the text is no certificate.
 */
export function caHashOf(pem: string): string | undefined {
  try {
    const key = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' })
    return `sha256:${createHash('sha256').update(key).digest('hex')}`
  } catch {
    return undefined
  }
}

/** A name or address in the one way it can be compared: IPv6 shortened, everything in lower case. */
export function canonicalName(name: string): string {
  return isIPv6(name) ? new URL(`http://[${name}]`).hostname.slice(1, -1) : name.toLowerCase()
}

/** The names and addresses that a certificate is for, canonical; empty when the text is no certificate. */
export function subjectAltNames(pem: string): readonly string[] {
  try {
    const text = new X509Certificate(pem).subjectAltName ?? ''
    return text.split(', ').map(name => canonicalName(name.replace(/^(DNS|IP Address):/, '')))
  } catch {
    return []
  }
}

/** The kubelet's own certificate and key. */
export const kubeletClientPath = '/var/lib/kubelet/pki/kubelet-client-current.pem'

/** Lines `nodeCertificate=<line of PEM>` if the host has a kubelet's certificate; its key stays where it is. */
export const printNodeCertificate = `if [ -f ${kubeletClientPath} ]; then
  sed -n '/BEGIN CERTIFICATE/,/END CERTIFICATE/s/^/nodeCertificate=/p' ${kubeletClientPath}
fi
`

/**
 * The node that a kubelet's certificate is for (its subject is `system:node:<name>`); undefined when it does not say, or
 * names what cannot be a node.
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
    problem: 'This host is a node of another name, and a node cannot be renamed.',
    expected: `the node ${expected}`,
    actual: `the node ${actual}`,
    next: `Name it ${actual} in cluster.yaml. Or make it a new node: kubectl drain ${actual}; kubeadm reset on the host; kubectl delete node ${actual}; apply again.`,
  }
}

/** A line `<key>=<base64 of the file>`, if the file is there. */
export function printFile(key: string, path: string): string {
  return `if [ -f ${path} ]; then printf '${key}='; base64 -w 0 <${path}; echo; fi\n`
}

/** What printFile printed; empty when the file was not there. */
export function decodeFile(base64: string | undefined): string {
  return Buffer.from(base64 ?? '', 'base64').toString('utf8')
}
