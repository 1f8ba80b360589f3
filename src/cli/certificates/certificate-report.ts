import type { X509Certificate } from 'node:crypto'
import { distributionOf } from '../../../distributions/index.ts'
import { isNode } from '../../cluster/index.ts'
import type { ClusterSpec } from '../../config/index.ts'
import { beginningOf } from '../../core/cut.ts'
import { HostError } from '../../core/index.ts'
import { expiringCertificates, expiryNotes } from '../../preflight/index.ts'
import { printableLine } from '../../report/index.ts'
import type { HealthProblem } from '../status/health-answer.ts'
import type { CertificateAnswers } from './ask-certificates.ts'

/** One certificate on one host. */
export interface CertificateRow {
  readonly host: string
  /** The file that has it. */
  readonly path: string
  /** `CA`: it may sign others. */
  readonly kind: 'CA' | 'server' | 'client' | 'server and client'
  /** The common name that it is for, with the groups of a client in brackets. A text of the host. */
  readonly subject: string
  /** The common name of its signer; `itself`: nobody else has signed it. A text of the host. */
  readonly issuer: string
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
  for (const { name } of spec.hosts) {
    const answer = answers.get(name)
    if (answer === undefined || answer instanceof HostError) {
      const { where = name, problem } = answer?.details ?? { problem: 'it was not asked' }
      unreachable.push({ where, problem })
      continue
    }
    const known = answer.map(({ path, certificate }) => ({
      path,
      ca: certificate.ca,
      validFrom: certificate.validFromDate.getTime(),
      validTo: certificate.validToDate.getTime(),
    }))
    facts.set(name, known)
    const soon = new Set(expiringCertificates(distribution, known, now).map(({ path }) => path))
    for (const { path, certificate } of answer) rows.push(rowOf(name, path, certificate, soon.has(path), now))
  }
  const notes = expiryNotes({ spec, distribution }, facts, now).flatMap(({ hosts, expired, text }) =>
    hosts.map(where => ({ where, problem: text, expired })),
  )
  const said = (expired: boolean) =>
    notes.filter(note => note.expired === expired).map(({ where, problem }) => ({ where, problem }))
  const empty = spec.hosts
    .filter(host => isNode(host) && facts.get(host.name)?.length === 0)
    .map(({ name }) => ({
      where: name,
      problem: `it has no certificate: it is no node yet. evcctl apply ${spec.file}`,
    }))
  return { certificates: rows, unreachable, problems: said(true), notes: [...said(false), ...empty] }
}

function rowOf(host: string, path: string, certificate: X509Certificate, soon: boolean, now: number): CertificateRow {
  const validTo = certificate.validToDate.getTime()
  const isOwn = certificate.subject === certificate.issuer
  const groups = namesIn(certificate.subject, 'O').join(', ')
  const subject = shortName(certificate.subject)
  return {
    host,
    path,
    kind: kindOf(certificate),
    subject: groups === '' ? subject : `${subject} (${cut(groups)})`,
    issuer: isOwn ? 'itself' : shortName(certificate.issuer),
    validTo,
    daysLeft: Math.floor((validTo - now) / dayMs),
    state: validTo <= now ? 'expired' : soon ? 'expires soon' : 'valid',
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
