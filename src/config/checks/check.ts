import type { Draft } from '../draft.ts'
import type { Finding } from '../finding.ts'

export type Report = (finding: Finding) => void

/** Tells something that the reader of a plan should know although it is no error. One or more whole sentences. */
export type Note = (text: string) => void

/** Looks for contradictions between keys. A check asks the draft whether the keys that it reads are sound. */
export type Check = (draft: Draft, report: Report, note: Note) => void
