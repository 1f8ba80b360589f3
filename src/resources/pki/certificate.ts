import { createHash, X509Certificate } from 'node:crypto'
import { isIPv6 } from 'node:net'

/**
 * The CA certificate hash by which a joining node recognises the cluster's CA: `sha256:` and the hex digest of the subject
 * public key info (RFC 7469; kubeadm's discovery.bootstrapToken.caCertHashes). Undefined when the text is no certificate.
 */
export function caHashOf(pem: string): string | undefined {
  try {
    const key = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' })
    return `sha256:${createHash('sha256').update(key).digest('hex')}`
  } catch {
    return undefined
  }
}

/** A name or address in canonical form for comparison: IPv6 shortened, everything in lower case. */
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
