import type { CertificateCare, CertificateFacts, DistributionProfile } from '../index.ts'
import type { CheckedCluster } from './finding.ts'

/** A note about certificates that expire soon or have expired, for the hosts to which the same text applies. */
export interface ExpiryNote {
  readonly hosts: readonly string[]
  /** Whether a certificate has expired, so that something no longer works. */
  readonly expired: boolean
  /** Names the files, the date and the days left, and says what to do. */
  readonly text: string
}

/** A certificate that expires soon. */
export interface ExpiringCertificate extends CertificateFacts {
  /** Whole days; negative once it has expired. */
  readonly daysLeft: number
}

const dayMs = 24 * 60 * 60 * 1000
const soonDays = 90
const filesShown = 3

/** The certificates that expire within 90 days, the earliest first. `now` is in ms since the epoch. */
export function expiringCertificates(
  { certificates: care }: Pick<DistributionProfile, 'certificates'>,
  certificates: readonly CertificateFacts[],
  now: number,
): readonly ExpiringCertificate[] {
  return certificates
    .filter(one => one.validTo - now < soonMs(one, care))
    .sort((a, b) => a.validTo - b.validTo)
    .map(one => ({ ...one, daysLeft: Math.floor((one.validTo - now) / dayMs) }))
}

// The kubelet renews its own certificate when 10 % to 30 % of its lifetime are left (k8s.io/client-go, util/certificate).
// Less than 10 % left means that the renewal does not work.
function soonMs({ path, validFrom, validTo }: CertificateFacts, { kubelets }: CertificateCare): number {
  const soon = soonDays * dayMs
  return path.startsWith(kubelets) ? Math.min(soon, (validTo - validFrom) / 10) : soon
}

/** The notes about certificates that expire soon, by host. Pure. */
export function expiryNotes(
  cluster: CheckedCluster,
  certificates: ReadonlyMap<string, readonly CertificateFacts[]>,
  now: number,
): readonly ExpiryNote[] {
  const found = [...certificates].flatMap(([host, all]) => {
    const byCure = Map.groupBy(expiringCertificates(cluster.distribution, all, now), one => cureOf(cluster, one))
    return [...byCure].map(([cure, some]) => ({
      host,
      cure,
      expired: some[0]!.daysLeft < 0,
      what: describe(some, now),
    }))
  })
  const alike = Map.groupBy(found, ({ what, cure }) => JSON.stringify([what, cure]))
  return [...alike.values()].map(group => {
    const { what, cure, expired } = group[0]!
    return { hosts: group.map(({ host }) => host), expired, text: `${what} ${cure}` }
  })
}

function describe(certificates: readonly ExpiringCertificate[], now: number): string {
  const [first] = certificates
  const { daysLeft, validTo } = first!
  const on = new Date(validTo).toISOString().slice(0, 10)
  const when = daysLeft < 0 ? `expired ${ago(now - validTo)}, on ${on}` : `expires in ${days(daysLeft)}, on ${on}`
  const paths = certificates.slice(0, filesShown).map(({ path }) => path)
  const rest = certificates.length - paths.length
  if (certificates.length === 1) return `The certificate in ${paths[0]} ${when}.`
  const listed = rest === 0 ? paths.join(', ') : `${paths.join(', ')} and ${rest} more`
  return `${certificates.length} certificates expire within ${soonDays} days or have expired (${listed}); the first one ${when}.`
}

function ago(ms: number): string {
  return ms < dayMs ? 'less than a day ago' : `${days(Math.floor(ms / dayMs))} ago`
}

function days(number: number): string {
  return number === 1 ? '1 day' : `${number} days`
}

function cureOf({ spec, distribution }: CheckedCluster, { path, ca }: CertificateFacts): string {
  const { certificates, facts } = distribution
  const { etcd, file } = spec
  if (ca && path === certificates.rotated)
    return `To replace it and all that it has signed, as long as it has two days left: evcctl certs rotate-ca ${file}`
  if (path === certificates.cross)
    return `It ends with the former CA. By it, pods that have run since before the last rotation of the CA, and read the CA only when they start, accept the API server: restart them before. When no such pod is left and no rotation is under way, nothing needs it: rm ${path}`
  if (ca)
    return `This is a CA, which neither evcctl nor ${distribution.name} renews. Every certificate that it signed has to be created again, too: https://kubernetes.io/docs/tasks/tls/manual-rotation-of-ca-certificates/`
  if (path === certificates.selfSigned)
    return `The kubelet has signed it for itself, and no API server checks it. It makes a new one when it starts without: rm ${path} ${path.replace(/crt$/, 'key')}; systemctl restart kubelet`
  if (path.startsWith(certificates.kubelets))
    return 'The kubelet renews it by itself and has not done so. See why: journalctl -u kubelet | grep -i certificate'
  if (path.startsWith(facts.folder)) return certificates.renewal
  if (etcd.topology === 'external' && !etcd.managed)
    return 'Have a new certificate signed, name it in spec.etcd.certificates and run: evcctl apply'
  return `To create it again, run: evcctl apply ${file}`
}
