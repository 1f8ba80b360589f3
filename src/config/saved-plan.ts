import type { UserError } from '../core/index.ts'
import { badInput } from './report.ts'

// The kind is the second key of each saved plan, so that the beginning of a file tells what it is, even if the rest is lost.
const beginning = /^\s*\{\s*"apiVersion":\s*"[^"]*",\s*"kind":\s*"SavedPlan"/

/** How much of a file tells whether it is a saved plan, bytes. */
export const savedPlanBeginning = 256

/** Whether a text begins as a saved plan does. */
export function beginsSavedPlan(text: string): boolean {
  return beginning.test(text)
}

/** The error for a saved plan where a cluster file is wanted. */
export function notAClusterFile(file: string): UserError {
  return badInput({
    where: file,
    problem: 'This is a saved plan, not a cluster file.',
    next: `To do it: evcctl apply ${file}`,
  })
}
