import type { X509Certificate } from 'node:crypto'
import { distributionOf } from '../../../distributions/index.ts'
import { isControlPlane, isNode } from '../../cluster/index.ts'
import type { ClusterSpec } from '../../config/index.ts'
import { beginningOf } from '../../core/cut.ts'
import { HostError, hasSigned } from '../../core/index.ts'
import type { FoundCertificate } from '../../facts/index.ts'
import { expiringCertificates, expiryNotes, replacementNotes } from '../../preflight/index.ts'
import { printableLine } from '../../report/index.ts'
import type { HealthProblem } from '../status/health-answer.ts'
import type { CertificateAnswers } from './ask-certificates.ts'
import { type Authority, authoritiesIn, authorityNames, signerOf } from './authorities.ts'
import { dependsOnOlder } from './replacement.ts'

/** One certificate on one host. */
export interface CertificateRow {
  readonly host: string
  /** The file that has it. */
  readonly path: string
  /** `CA`: it may sign others. */
  readonly kind: 'CA' | 'server' | 'client' | 'server and client'
  /**
   * The common name that it is for, with the groups of a client in brackets. A text of the host. A CA of whose name there are
   * several has the day since when it is valid behind it.
   */
  readonly subject: string
  /** The name of its signer, as `subject`; `itself`: nobody else has signed it. A text of the host. */
  readonly issuer: string
  /** CA certificate hash (`sha256:…`) of the CA on the hosts that has signed it, known by its key; absent if none of them has. */
  readonly signer?: string
  /** ms since the epoch. */
  readonly validTo: number
  /** Whole days; negative once it has expired. */
  readonly daysLeft: number
  readonly state: 'valid' | 'expires soon' | 'expired'
}

/** The certificates of a cluster, host by host. */
export interface CertificateReport {
  readonly certificates: readonly CertificateRow[]
  /** The hosts that could not be asked, each with the reason. */
  readonly unreachable: readonly HealthProblem[]
  /** Hosts whose certificates cannot be read, and certificates that have expired. */
  readonly problems: readonly HealthProblem[]
  /** Certificates that expire soon, and what to do about them. */
  readonly notes: readonly HealthProblem[]
}

const dayMs = 24 * 60 * 60 * 1000
const longestName = 80

/** Combines the answers of the hosts. `now` is in ms since the epoch. Pure. */
export function certificateReport(spec: ClusterSpec, answers: CertificateAnswers, now: number): CertificateReport {
  const distribution = distributionOf(spec)
  const rows: CertificateRow[] = []
  const unreachable: HealthProblem[] = []
  const facts = new Map<string, Parameters<typeof expiringCertificates>[1]>()
  const found = new Map(
    spec.hosts.flatMap(({ name }) => {
      const answer = answers.get(name)
      return answer === undefined || answer instanceof HostError ? [] : [[name, answer] as const]
    }),
  )
  const ofServers = spec.hosts.filter(isControlPlane).flatMap(({ name }) => found.get(name) ?? [])
  const names = authorityNames(authoritiesIn([...ofServers, ...[...found.values()].flat()]), one =>
    shortName(one.subject),
  )
  for (const { name } of spec.hosts) {
    const answer = answers.get(name)
    if (answer === undefined || answer instanceof HostError) {
      const { where = name, problem } = answer?.details ?? { problem: 'it was not asked' }
      unreachable.push({ where, problem })
      continue
    }
    const known = answer.map(({ path, certificate, hasMore }) => ({
      path,
      ...(hasMore === undefined ? {} : { hasMore }),
      ca: certificate.ca,
      validFrom: certificate.validFromDate.getTime(),
      validTo: certificate.validToDate.getTime(),
    }))
    facts.set(name, known)
    const soon = new Set(
      expiringCertificates(distribution, known, now).map(({ path, validTo }) => `${path} ${validTo}`),
    )
    const authorities = authoritiesIn([...answer, ...ofServers])
    for (const one of answer) {
      const isSoon = soon.has(`${one.path} ${one.certificate.validToDate.getTime()}`)
      rows.push(rowOf(name, one, { authorities, names, isSoon, now }))
    }
  }
  const notes = expiryNotes({ spec, distribution }, facts, now).flatMap(({ hosts, expired, text }) =>
    hosts.map(where => ({ where, problem: text, expired })),
  )
  const replaced = replacementNotes(facts).flatMap(({ hosts, text }) => hosts.map(where => ({ where, problem: text })))
  const said = (expired: boolean) =>
    notes.filter(note => note.expired === expired).map(({ where, problem }) => ({ where, problem }))
  const empty = spec.hosts
    .filter(host => isNode(host) && facts.get(host.name)?.length === 0)
    .map(({ name }) => ({
      where: name,
      problem: `it has no certificate: it is no node yet. evcctl apply ${spec.file}`,
    }))
  return {
    certificates: rows,
    unreachable,
    problems: said(true),
    notes: [...said(false), ...replaced, ...dependsOnOlder(found), ...empty],
  }
}

interface Known {
  /** The CAs that may have signed it. */
  readonly authorities: readonly Authority[]
  readonly names: ReadonlyMap<string, string>
  readonly isSoon: boolean
  readonly now: number
}

function rowOf(host: string, { path, certificate }: FoundCertificate, known: Known): CertificateRow {
  const { authorities, names, isSoon, now } = known
  const validTo = certificate.validToDate.getTime()
  const signer = signerOf(certificate, authorities)
  const own = authorities.find(one => one.certificate.fingerprint256 === certificate.fingerprint256)
  // A cross certificate has the name of its signer.
  const isOwn =
    certificate.subject === certificate.issuer &&
    (signer === undefined ? hasSigned(certificate, certificate) : signer === own)
  const nameOf = (authority: Authority | undefined) => authority && names.get(authority.hash)
  const groups = namesIn(certificate.subject, 'O').join(', ')
  const subject = nameOf(own) ?? shortName(certificate.subject)
  return {
    host,
    path,
    kind: kindOf(certificate),
    subject: groups === '' ? subject : `${subject} (${cut(groups)})`,
    issuer: isOwn ? 'itself' : (nameOf(signer) ?? shortName(certificate.issuer)),
    ...(signer === undefined ? {} : { signer: signer.hash }),
    validTo,
    daysLeft: Math.floor((validTo - now) / dayMs),
    state: validTo <= now ? 'expired' : isSoon ? 'expires soon' : 'valid',
  }
}

// Object identifiers of the extended key usages: RFC 5280, 4.2.1.12.
const [serverUsage, clientUsage] = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']

function kindOf({ ca, keyUsage }: X509Certificate): CertificateRow['kind'] {
  if (ca) return 'CA'
  // Node calls the extended usages keyUsage. It has none for a certificate without any.
  const usages: readonly string[] = keyUsage ?? []
  const isClient = usages.includes(clientUsage)
  return usages.includes(serverUsage) ? (isClient ? 'server and client' : 'server') : isClient ? 'client' : 'server'
}

function shortName(name: string): string {
  return cut(namesIn(name, 'CN')[0] ?? name)
}

// Node prints a name as a line for each part: `O=system:nodes`, `CN=system:node:cp1`. Parts that belong together share one.
function namesIn(name: string, part: string): readonly string[] {
  return name.split(/\n| \+ /).flatMap(line => (line.startsWith(`${part}=`) ? [line.slice(part.length + 1)] : []))
}

function cut(text: string): string {
  return beginningOf(printableLine(text), longestName)
}
