import { limits, usualProbeBytes } from '../core/limits.ts'
import type { Probe, Survey } from '../core/resource.ts'

/** A script that the host runs, how long it may take, and how much it may print on a stream. */
export interface SharedRun {
  readonly script: string
  readonly timeoutMs: number
  readonly maxBytes: number
}

/** The scripts that run for some probes. */
export interface SharedRuns {
  readonly runs: readonly SharedRun[]
  /** For each probe, the runs whose output is its own, in this order. */
  readonly answers: readonly (readonly number[])[]
}

/** Combines the scripts of probes: equal scripts run once, and a shared survey runs once with the subjects of all its probes. */
export function shareRuns(probes: readonly Probe<unknown>[]): SharedRuns {
  const surveys = new Map<string, { readonly survey: Survey; readonly subjects: Set<string>; readonly run: number }>()
  const known = new Map<string, number>()
  const runs: SharedRun[] = []
  const runOf = (script: string, timeoutMs = limits.probeMs, maxBytes = usualProbeBytes): number => {
    const earlier = known.get(script)
    if (earlier !== undefined) {
      const before = runs[earlier]!
      runs[earlier] = {
        script,
        timeoutMs: Math.max(timeoutMs, before.timeoutMs),
        maxBytes: Math.max(maxBytes, before.maxBytes),
      }
      return earlier
    }
    known.set(script, runs.length)
    return runs.push({ script, timeoutMs, maxBytes }) - 1
  }
  const answers = probes.map(({ script, timeoutMs, maxBytes, shared }) => {
    if (shared === undefined) return [runOf(script, timeoutMs, maxBytes)]
    const asked = shared.asks.map(({ survey, subjects }) => {
      const { timeoutMs: surveyMs = limits.probeMs, maxBytes: surveyBytes = usualProbeBytes } = survey
      const blank = { script: '', timeoutMs: surveyMs, maxBytes: surveyBytes }
      const entry = surveys.get(survey.name) ?? { survey, subjects: new Set(), run: runs.push(blank) - 1 }
      surveys.set(survey.name, entry)
      for (const subject of subjects) entry.subjects.add(subject)
      return entry.run
    })
    return shared.rest === '' ? asked : [...asked, runOf(shared.rest, shared.timeoutMs, shared.maxBytes)]
  })
  for (const { survey, subjects, run } of surveys.values())
    runs[run] = { ...runs[run]!, script: survey.script([...subjects]) }
  return { runs, answers }
}
