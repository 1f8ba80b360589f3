import type { Draft } from '../draft.ts'
import type { Finding } from '../finding.ts'

export type Report = (finding: Finding) => void

/** Looks for contradictions between keys; what each needs to be sound it asks the draft for. */
export type Check = (draft: Draft, report: Report) => void
