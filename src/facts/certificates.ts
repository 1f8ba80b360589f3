import { X509Certificate } from 'node:crypto'
import type { FactModule } from '../core/facts.ts'
import { mostAuthorities } from '../core/limits.ts'
import { withoutRoots } from './authorities.ts'
import type { DistributionFacts } from './distribution.ts'

/** A certificate in a file of a host. Times are in ms since the epoch. */
export interface CertificateFacts {
  /** Absolute. In the case of a kubeconfig, the certificate is that of its user. */
  readonly path: string
  /** Whether this certificate may sign others. */
  readonly ca: boolean
  /** Whether it has signed another CA in the same file; absent if not. Then they are a chain. */
  readonly isRoot?: true
  /** Whether the file has more certificates behind it, which are not read; absent if not. See mostAuthorities. */
  readonly hasMore?: true
  readonly validFrom: number
  readonly validTo: number
}

/** Files with certificates that evcctl creates for an external etcd. */
const ofEtcd = ['/etc/etcd/pki/*.crt', '/etc/etcd/ca/ca.crt', '/etc/evcctl/etcd/*.crt']

const mostFiles = 50
const mostLines = 200
// The longest line, in characters. A kubeconfig has its certificate in base64 twice; those of kubeadm have some 2 KiB.
const longest = 64 * 1024

/**
 * Lines of sh that print `certificate <path> <base64>` for the first certificate of each file; one process reads all files.
 * Of a kubeconfig, that is the client certificate. A file of CAs has two while one replaces the other, so all of it is
 * printed, a line for each. A private key may be in the same file; nothing of it is printed.
 */
export const printCertificates = (files: readonly string[]) => `(
  set --
  for file in ${files.join(' ')}; do
    [ ! -f "$file" ] || [ "$#" -ge ${mostFiles} ] || set -- "$@" "$file"
  done
  [ "$#" = 0 ] || awk '
FNR == 1 { if (reading) printf "\\n"; reading = 0; done = 0 }
done || FNR > ${mostLines} { next }
/^-----/ && reading { printf "\\n"; reading = 0; done = (FILENAME !~ /ca\\.crt$/); next }
reading { printf "%s", $1; next }
/^-----BEGIN CERTIFICATE-----/ { printf "certificate %s ", FILENAME; reading = 1; next }
/^ *client-certificate-data: / { printf "certificate %s %s\\n", FILENAME, $2; done = 1 }
' "$@" 2>/dev/null
)
`

/** Prints the certificates of a distribution, and those that evcctl creates; see printCertificates(). */
export const certificatesScript = ({ certificates }: DistributionFacts) =>
  printCertificates([...certificates, ...ofEtcd])

/** The certificates of the cluster and its etcd. */
export const certificateFacts = (
  own: DistributionFacts,
): FactModule<{ readonly certificates: readonly CertificateFacts[] }> => ({
  script: `at certificates
${certificatesScript(own)}`,
  longSections: ['certificates'],
  parse: sections => ({ certificates: parseCertificates(sections('certificates')) }),
})

/** A certificate as it lies on a host. */
export interface FoundCertificate {
  /** Absolute. */
  readonly path: string
  readonly certificate: X509Certificate
  /** Whether the file has more certificates behind it, which are not read; absent if not. See mostAuthorities. */
  readonly hasMore?: true
}

/**
 * Reads the output of printCertificates(), at most `mostAuthorities` certificates of each file. It leaves out whatever is no certificate, and
 * never throws.
 */
export function readCertificates(lines: readonly string[]): readonly FoundCertificate[] {
  const all = lines.slice(0, mostFiles).flatMap(line => {
    if (line.length > longest) return []
    const [, path, data] = /^certificate (\/[\w./-]{1,200}) ([A-Za-z0-9+/]+=*)$/.exec(line.trim()) ?? []
    return path === undefined || data === undefined ? [] : found(path, data)
  })
  const seen = new Map<string, number>()
  const count = Map.groupBy(all, ({ path }) => path)
  return all.flatMap(one => {
    const place = (seen.get(one.path) ?? 0) + 1
    seen.set(one.path, place)
    if (place > mostAuthorities) return []
    const hasMore = place === mostAuthorities && count.get(one.path)!.length > mostAuthorities
    return [hasMore ? { ...one, hasMore } : one]
  })
}

function found(path: string, data: string): readonly FoundCertificate[] {
  try {
    const certificate = new X509Certificate(Buffer.from(data, 'base64'))
    const times = [certificate.validFromDate, certificate.validToDate].map(date => date.getTime())
    return times.every(Number.isFinite) ? [{ path, certificate }] : []
  } catch {
    return []
  }
}

/** The facts of the certificates that readCertificates() finds. */
export function parseCertificates(lines: readonly string[]): readonly CertificateFacts[] {
  const found = readCertificates(lines)
  const byPath = Map.groupBy(found, ({ path }) => path)
  const below = new Set([...byPath.values()].flatMap(some => withoutRoots(some, ({ certificate }) => certificate)))
  return found.map(one => {
    const { path, certificate, hasMore } = one
    const { ca, validFromDate, validToDate } = certificate
    const times = { validFrom: validFromDate.getTime(), validTo: validToDate.getTime() }
    const more = hasMore === undefined ? {} : { hasMore }
    return { path, ca, ...(below.has(one) ? {} : { isRoot: true }), ...more, ...times }
  })
}
