import { X509Certificate } from 'node:crypto'
import type { ErrorDetails } from '../../core/error-details.ts'
import type { Resource } from '../../core/resource.ts'
import { rotationFiles } from '../kubeadm/index.ts'
import { certificatesIn } from '../pki/index.ts'
import { decodeFile, linesOf, printFile } from '../support/index.ts'

const { formerCertificate, nextCertificate } = rotationFiles

/**
 * Reads the CAs of the cluster on a control plane node, PEM each: those of `ca.crt`, and those of a rotation that is under way. It changes
 * nothing. By them a host is known as one of this cluster.
 */
export function ownAuthorities(): Resource<readonly string[], Record<never, never>, readonly string[]> {
  const files = ['/etc/kubernetes/pki/ca.crt', formerCertificate, nextCertificate]
  return {
    kind: 'CA rotation',
    name: 'CAs of the cluster',
    title: 'CAs of the cluster',
    probe: {
      script: files.map(path => printFile('ca', path)).join(''),
      parse: raw => {
        const all = linesOf(raw, 'ca').flatMap(line => certificatesIn(decodeFile(line)))
        return [...new Set(all.map(certificate => certificate.toString()))]
      },
    },
    desired: {},
    diff: () => undefined,
    converge: () => [],
    output: found => (found.length === 0 ? undefined : found),
  }
}

/**
 * Why a file of a host may not get the CAs of this cluster: it has another one, or none of them. `authorities`: all that this cluster has or
 * gets, PEM each.
 */
export function foreign(
  path: string,
  found: readonly X509Certificate[],
  authorities: readonly string[],
): ErrorDetails | undefined {
  const own = new Set(authorities.map(pem => new X509Certificate(pem).fingerprint256))
  const others = found.filter(({ fingerprint256 }) => !own.has(fingerprint256))
  if (found.length > 0 && others.length === 0) return undefined
  return {
    problem: `${path} has ${found.length === 0 ? 'no CA' : 'a CA that this cluster does not have'}. The host may belong to another cluster, or somebody has added a CA by hand.`,
    expected: 'the CAs of this cluster, and no others',
    actual: found.length === 0 ? 'none' : others.map(({ fingerprint256 }) => `sha256 ${fingerprint256}`).join('\n'),
    next: 'Is it the right address? If so, take out the CA that does not belong there.',
  }
}
