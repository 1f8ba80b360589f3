import type { X509Certificate } from 'node:crypto'

/**
 * Whether a CA has signed a certificate. A CA whose key this Node.js cannot read has signed none: certificates of hosts and of other people
 * may have any key, damaged ones too, and Node.js throws when it is to use such a key.
 */
export function hasSigned(ca: X509Certificate, certificate: X509Certificate): boolean {
  try {
    return certificate.verify(ca.publicKey)
  } catch {
    return false
  }
}
