/** The JSON results of vitest, as far as the scripts here read them. */
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'

export interface Results {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numFailedTestSuites: number
  readonly testResults: readonly FileResults[]
}

export interface FileResults {
  readonly name: string
  readonly status: string
  /** Why the file itself broke; empty where only tests in it failed. */
  readonly message: string
  readonly assertionResults: readonly TestResult[]
}

interface TestResult {
  readonly fullName: string
  readonly status: string
  /** Milliseconds; not there for a test that did not run. */
  readonly duration?: number | null
  readonly failureMessages: readonly string[]
}

/** Throws where there is no such file, or no JSON in it. */
export function readResults(path: string): Results {
  return JSON.parse(readFileSync(path, 'utf8')) as Results
}

/** The name of a test file, from the folder of the repository. */
export function shownFile({ name }: FileResults): string {
  return relative(process.cwd(), name)
}

const shownTests = 10

/** One line for each of the ten tests that took longest, the longest first. */
export function slowestTests(files: readonly FileResults[]): readonly string[] {
  return files
    .flatMap(file => file.assertionResults.map(test => ({ file, test, ms: test.duration ?? 0 })))
    .sort((one, other) => other.ms - one.ms)
    .slice(0, shownTests)
    .map(({ file, test, ms }) => `${(ms / 1000).toFixed(1).padStart(7)} s  ${shownFile(file)}: ${test.fullName}`)
}
