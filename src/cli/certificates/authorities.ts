import type { X509Certificate } from 'node:crypto'
import { hasSigned } from '../../core/index.ts'
import type { FoundCertificate } from '../../facts/index.ts'
import { caHashesOf } from '../../resources/pki/index.ts'

/** A CA that lies on hosts. */
export interface Authority {
  readonly certificate: X509Certificate
  /** CA certificate hash; see caHashesOf(). */
  readonly hash: string
}

/** The most CAs that a certificate is checked against. A host may send any number of them. */
const most = 20

/** The CAs among certificates, each key once, in their order. */
export function authoritiesIn(found: readonly FoundCertificate[]): readonly Authority[] {
  const byHash = new Map<string, Authority>()
  for (const { certificate } of found) {
    if (!certificate.ca || byHash.size >= most) continue
    const [hash] = caHashesOf(certificate.toString())
    if (hash !== undefined && !byHash.has(hash)) byHash.set(hash, { certificate, hash })
  }
  return [...byHash.values()]
}

/** The CA that has signed a certificate, by its key; undefined if none of these has. */
export function signerOf(certificate: X509Certificate, authorities: readonly Authority[]): Authority | undefined {
  return authorities.find(one => certificate.checkIssued(one.certificate) && hasSigned(one.certificate, certificate))
}

/**
 * A name for each CA, by its hash: the name that it has, and where several have the same one, the day since when it is valid,
 * to the minute if need be. `nameOf`: its name.
 */
export function authorityNames(
  authorities: readonly Authority[],
  nameOf: (certificate: X509Certificate) => string,
): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  const since = ({ certificate }: Authority, length: number) =>
    certificate.validFromDate.toISOString().slice(0, length).replace('T', ' ')
  const ways: readonly ((one: Authority) => string)[] = [
    one => nameOf(one.certificate),
    one => `${nameOf(one.certificate)} of ${since(one, 10)}`,
    one => `${nameOf(one.certificate)} of ${since(one, 16)}`,
    one => `${nameOf(one.certificate)} ${one.hash}`,
  ]
  for (const group of Map.groupBy(authorities, ways[0]!).values()) {
    const way = ways.find(name => new Set(group.map(name)).size === group.length) ?? ways[3]!
    for (const one of group) names.set(one.hash, way(one))
  }
  return names
}
