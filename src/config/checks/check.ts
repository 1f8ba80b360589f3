import type { Draft } from '../draft.ts'
import type { Finding } from '../finding.ts'

export type Report = (finding: Finding) => void

/** Looks for contradictions between keys. A check asks the draft whether the keys that it reads are sound. */
export type Check = (draft: Draft, report: Report) => void
