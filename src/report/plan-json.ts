import type { PlanSubject } from './plan.ts'
import { type PlanInput, type PlanView, planView } from './plan-view.ts'

/** The `plan` line of `evcctl plan --output json`; documented in docs/commands.md. */
export interface PlanDocument extends PlanView {
  readonly type: 'plan'
  /** ms since the epoch. */
  readonly at: number
  readonly cluster: string
  readonly file: string
  readonly kubernetes: string
  readonly hosts: readonly string[]
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
    ...planView(input),
  }
}
