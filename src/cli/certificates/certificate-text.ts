import { errorTexts, type Paint, printable, table } from '../../report/index.ts'
import type { HealthProblem } from '../status/health-answer.ts'
import type { CertificateReport, CertificateRow } from './certificate-report.ts'

export interface CertificateView {
  /** The name of the cluster. */
  readonly name: string
  readonly paint: Paint
}

const header = ['HOST', 'CERTIFICATE', 'KIND', 'FOR', 'SIGNED BY', 'EXPIRES', 'LEFT']

/** The certificates for people: a line each, and what to do about those that expire soon. */
export function certificateText(report: CertificateReport, { name, paint }: CertificateView): string {
  const { certificates, unreachable, problems, notes } = report
  const hosts = new Set(certificates.map(({ host }) => host)).size
  const silent = unreachable.map(({ where, problem }) => ({ where, problem: `could not be asked: ${problem}` }))
  const below = [...lines([...problems, ...silent], paint.bad('✘')), ...lines(notes, paint.changed('!'))]
  return [
    `${paint.strong(name)}: ${count(certificates.length, 'certificate')} on ${count(hosts, 'host')}${summary(certificates)}`,
    ...(certificates.length === 0 ? [] : ['', ...table([header, ...certificates.map(one => row(one, paint))])]),
    ...(below.length === 0 ? [] : ['', ...below]),
  ].join('\n')
}

function summary(certificates: readonly CertificateRow[]): string {
  const number = (state: CertificateRow['state']) => certificates.filter(one => one.state === state).length
  const [expired, soon] = [number('expired'), number('expires soon')]
  const first = Math.min(...certificates.map(({ daysLeft }) => daysLeft))
  if (expired + soon === 0) return certificates.length === 0 ? '' : `; the first one expires in ${count(first, 'day')}`
  const parts = [
    ...(expired === 0 ? [] : [`${expired} expired`]),
    ...(soon === 0 ? [] : [`${soon} ${soon === 1 ? 'expires' : 'expire'} soon`]),
  ]
  return `; ${parts.join(', ')}`
}

function row({ host, path, kind, subject, issuer, validTo, daysLeft, state }: CertificateRow, paint: Paint): string[] {
  const left = state === 'expired' ? 'expired' : count(daysLeft, 'day')
  const colour = { valid: paint.good, 'expires soon': paint.changed, expired: paint.bad }[state]
  const on = new Date(validTo).toISOString().slice(0, 10)
  return [host, printable(path), kind, subject, issuer, on, colour(left)]
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}

function lines(list: readonly HealthProblem[], mark: string): readonly string[] {
  const safe = list.map(({ where, problem }) => ({ where: printable(where), problem: printable(problem) }))
  return errorTexts(safe).map(text => `${mark} ${text.replaceAll('\n', '\n  ')}`)
}
