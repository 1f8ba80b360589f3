import type { X509Certificate } from 'node:crypto'
import { hasSigned } from '../core/index.ts'

/**
 * The CAs of a file that signs, without those above them: where a file has a chain, a CA and the root that has signed it, only
 * the CA is one of the cluster. Other clusters may be below the same root. Two CAs of which one replaces the other do not sign
 * each other, or only for their own name.
 */
export function withoutRoots<T>(list: readonly T[], certificateOf: (one: T) => X509Certificate): readonly T[] {
  return list.filter(one => !list.some(other => isAbove(certificateOf(one), certificateOf(other))))
}

function isAbove(one: X509Certificate, other: X509Certificate): boolean {
  return one.subject !== other.subject && other.checkIssued(one) && hasSigned(one, other)
}
