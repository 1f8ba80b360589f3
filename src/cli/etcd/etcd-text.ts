import { errorTexts, type Paint, printable, table } from '../../report/index.ts'
import { etcdText } from '../status/etcd-health.ts'
import type { HealthProblem } from '../status/health-answer.ts'
import type { EtcdReport, MemberRow } from './etcd-report.ts'

export interface EtcdView {
  /** The name of the cluster, and its file. */
  readonly name: string
  readonly file: string
  readonly paint: Paint
}

const header = ['MEMBER', 'HOST', 'ID', 'VERSION', 'STATE', 'SIZE', 'IN USE', 'LAG']

/** The state of etcd for people: the quorum, the members, and the problems with what to do about them. */
export function etcdReportText(report: EtcdReport, { name, file, paint }: EtcdView): string {
  const { total, healthy, survives = 0 } = report
  const title = paint.strong(name)
  const quorum = etcdText({ counted: 'members', total, healthy, survives })
  const below = [...lines(report.problems, paint.bad('✘')), ...lines(report.notes, paint.changed('!'))]
  if (quorum === undefined) {
    const none = `${title}: no member of etcd answers as one. To make the cluster: evcctl apply ${file}`
    return [none, ...below].join('\n')
  }
  return [
    `${title}: ${healthy === total ? quorum : paint.bad(quorum)}`,
    '',
    ...table([header, ...report.members.map(member => row(member, paint))]),
    ...(below.length === 0 ? [] : ['', ...below]),
  ].join('\n')
}

function row(member: MemberRow, paint: Paint): string[] {
  const { name, host = '', id, version = '', health, role, leader, size, inUse, lag, alarms } = member
  const state = [health.state === 'ok' ? paint.good('healthy') : paint.bad(health.state)]
  if (leader) state.push('leader')
  if (role === 'learner') state.push(paint.changed('learner'))
  for (const alarm of alarms) state.push(paint.bad(`alarm ${alarm}`))
  const cells = [name, host, id, version].map(cell => printable(cell) || '-')
  return [...cells, state.join(', '), ...[size, inUse].map(bytesText), lag === undefined ? '-' : String(lag)]
}

/** A size as people read it: `20.4 MiB`. Takes bytes. */
export function bytesText(bytes: number | undefined): string {
  if (bytes === undefined) return '-'
  const units = ['bytes', 'KiB', 'MiB', 'GiB']
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(bytes, 1)) / 10))
  return power === 0 ? `${bytes} bytes` : `${(bytes / 1024 ** power).toFixed(1)} ${units[power]}`
}

function lines(list: readonly HealthProblem[], mark: string): readonly string[] {
  const safe = list.map(({ where, problem }) => ({ where: printable(where), problem: printable(problem) }))
  return errorTexts(safe).map(text => `${mark} ${text.replaceAll('\n', '\n  ')}`)
}
