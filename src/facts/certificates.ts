import { X509Certificate } from 'node:crypto'
import type { FactModule } from '../core/facts.ts'
import type { DistributionFacts } from './distribution.ts'

/** A certificate in a file of a host. Times in ms since the epoch. */
export interface CertificateFacts {
  /** Absolute; a kubeconfig where it is the certificate of its user. */
  readonly path: string
  /** Whether it may sign others. */
  readonly ca: boolean
  readonly validFrom: number
  readonly validTo: number
}

/** Files with certificates that evcctl makes for an external etcd. */
const ofEtcd = ['/etc/etcd/pki/*.crt', '/etc/etcd/ca/ca.crt', '/etc/evcctl/etcd/*.crt']

const mostFiles = 50
const mostLines = 200
// Base64 of a certificate, and of that once more in a kubeconfig. kubeadm's have some 2 KiB.
const longest = 64 * 1024

/**
 * A line `certificate <path> <base64>` for the first certificate of each file, by one process. Of a kubeconfig it is the
 * client's. A key may stand in the same file; nothing of it is printed.
 */
export const certificatesScript = ({ certificates }: DistributionFacts) => `(
  set --
  for file in ${[...certificates, ...ofEtcd].join(' ')}; do
    [ ! -f "$file" ] || [ "$#" -ge ${mostFiles} ] || set -- "$@" "$file"
  done
  [ "$#" = 0 ] || awk '
FNR == 1 { if (reading) printf "\\n"; reading = 0; done = 0 }
done || FNR > ${mostLines} { next }
/^-----/ && reading { printf "\\n"; reading = 0; done = 1; next }
reading { printf "%s", $1; next }
/^-----BEGIN CERTIFICATE-----/ { printf "certificate %s ", FILENAME; reading = 1; next }
/^ *client-certificate-data: / { printf "certificate %s %s\\n", FILENAME, $2; done = 1 }
' "$@" 2>/dev/null
)
`

/** Those of the cluster and its etcd. */
export const certificateFacts = (
  own: DistributionFacts,
): FactModule<{ readonly certificates: readonly CertificateFacts[] }> => ({
  script: `at certificates
${certificatesScript(own)}`,
  longSections: ['certificates'],
  parse: sections => ({ certificates: parseCertificates(sections('certificates')) }),
})

/** Reads what certificatesScript printed. What is no certificate is left out; it never throws. */
export function parseCertificates(lines: readonly string[]): readonly CertificateFacts[] {
  return lines.slice(0, mostFiles).flatMap(line => {
    if (line.length > longest) return []
    const [, path, data] = /^certificate (\/[\w./-]{1,200}) ([A-Za-z0-9+/]+=*)$/.exec(line.trim()) ?? []
    return path === undefined || data === undefined ? [] : certificate(path, data)
  })
}

function certificate(path: string, data: string): readonly CertificateFacts[] {
  try {
    const { ca, validFromDate, validToDate } = new X509Certificate(Buffer.from(data, 'base64'))
    const [validFrom, validTo] = [validFromDate.getTime(), validToDate.getTime()]
    return Number.isFinite(validFrom) && Number.isFinite(validTo) ? [{ path, ca, validFrom, validTo }] : []
  } catch {
    return []
  }
}
