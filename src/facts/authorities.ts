import type { X509Certificate } from 'node:crypto'
import { hasSigned } from '../core/index.ts'
import { mostAuthorities } from '../core/limits.ts'

const mostCompared = 2 * mostAuthorities

/**
 * The CAs of a file that signs, without those above them: where a file has a chain, a CA and the root that has signed it, only
 * the CA is one of the cluster. Other clusters may be below the same root. Two CAs of which one replaces the other do not sign
 * each other, or only for their own name. At most `mostCompared` different ones are compared; each of the others counts as one
 * of the cluster.
 */
export function withoutRoots<T>(list: readonly T[], certificateOf: (one: T) => X509Certificate): readonly T[] {
  // The hosts of a cluster have the same ones.
  const different = [...new Map(list.map(one => [certificateOf(one).fingerprint256, certificateOf(one)])).values()]
  const compared = different.slice(0, mostCompared)
  const above = compared.filter(one => compared.some(other => isAbove(one, other))).map(one => one.fingerprint256)
  return above.length === 0 ? list : list.filter(one => !above.includes(certificateOf(one).fingerprint256))
}

function isAbove(one: X509Certificate, other: X509Certificate): boolean {
  return one.subject !== other.subject && other.checkIssued(one) && hasSigned(one, other)
}
