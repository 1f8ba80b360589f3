import { createHash, X509Certificate } from 'node:crypto'
import { isIPv6 } from 'node:net'
import { hasSigned } from '../../core/has-signed.ts'
import { mostAuthorities } from '../../core/limits.ts'
import { withoutRoots } from '../../facts/index.ts'

/**
 * The CAs of a cluster in the PEM text of its file, in its order: one, or two while one replaces the other. What is no
 * certificate is left out, and so are the roots of a chain; but the first one is what kubeadm signs with, whatever it is.
 */
export function clusterAuthorities(pem: string): readonly X509Certificate[] {
  return signersOf(certificatesIn(pem))
}

/** The certificates in a PEM text, in its order. What is no certificate is left out, and so is what follows the first ones (mostAuthorities). */
export function certificatesIn(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
  return blocks.slice(0, mostAuthorities).flatMap(block => {
    try {
      return [new X509Certificate(block)]
    } catch {
      return []
    }
  })
}

/** Whether two texts have the same certificates, in whichever order. */
export function hasSameCertificates(one: string, other: string): boolean {
  const prints = (pem: string) => certificatesIn(pem).map(({ fingerprint256 }) => fingerprint256)
  return prints(one).sort().join() === prints(other).sort().join()
}

/** The same, of certificates that are read. */
export function signersOf(certificates: readonly X509Certificate[]): readonly X509Certificate[] {
  const below = withoutRoots(certificates, one => one)
  return certificates.filter((one, index) => index === 0 || below.includes(one))
}

/**
 * The CA certificate hashes by which a joining node recognises the CAs of a cluster: `sha256:` and the hex digest of the
 * subject public key info (RFC 7469; kubeadm's discovery.bootstrapToken.caCertHashes). A cluster has two CAs while one
 * replaces the other. Empty when the text has no certificate.
 */
export function caHashesOf(pem: string): readonly string[] {
  return clusterAuthorities(pem).flatMap(certificate => {
    try {
      const key = certificate.publicKey.export({ type: 'spki', format: 'der' })
      return [`sha256:${createHash('sha256').update(key).digest('hex')}`]
    } catch {
      return []
    }
  })
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

/** Whether a CA has signed a certificate, known by its key: CAs of one name may have several. */
export function isSignedBy(certificate: X509Certificate, ca: X509Certificate): boolean {
  return certificate.checkIssued(ca) && hasSigned(ca, certificate)
}
