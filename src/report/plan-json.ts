import type { PlanSubject } from './plan.ts'
import { type PlanInput, type PlanView, planView } from './plan-view.ts'
import type { UpgradeReport } from './upgrade-report.ts'

/** The `plan` line of `evcctl plan --output json`; documented in docs/commands.md. */
export interface PlanDocument extends PlanView {
  readonly type: 'plan'
  /** ms since the epoch. */
  readonly at: number
  readonly cluster: string
  readonly file: string
  readonly kubernetes: string
  readonly hosts: readonly string[]
  /** Only if the plan has an upgrade. */
  readonly upgrade?: UpgradeReport
}

/** Converts a plan to plain data for programs. */
export function planDocument(input: PlanInput, subject: PlanSubject, at: number): PlanDocument {
  return {
    type: 'plan',
    at,
    cluster: subject.name,
    file: subject.file,
    kubernetes: subject.kubernetes.version,
    hosts: subject.hosts.map(host => host.name),
    ...(input.upgrade === undefined ? {} : { upgrade: input.upgrade }),
    ...planView(input),
  }
}
