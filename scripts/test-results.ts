/** The JSON results of vitest, as far as the scripts in this folder read them. */
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
  /** Why the file itself failed; empty if only tests in it failed. */
  readonly message: string
  readonly assertionResults: readonly TestResult[]
}

interface TestResult {
  readonly fullName: string
  readonly status: string
  /** Milliseconds; missing for a test that did not run. */
  readonly duration?: number | null
  readonly failureMessages: readonly string[]
}

/** Throws if the file does not exist or contains no JSON. */
export function readResults(path: string): Results {
  return JSON.parse(readFileSync(path, 'utf8')) as Results
}

/** The path of a test file, relative to the repository. */
export function shownFile({ name }: FileResults): string {
  return relative(process.cwd(), name)
}

const shownTests = 10

/** One line for each of the ten slowest tests, the slowest first. */
export function slowestTests(files: readonly FileResults[]): readonly string[] {
  return files
    .flatMap(file => file.assertionResults.map(test => ({ file, test, ms: test.duration ?? 0 })))
    .sort((one, other) => other.ms - one.ms)
    .slice(0, shownTests)
    .map(({ file, test, ms }) => `${(ms / 1000).toFixed(1).padStart(7)} s  ${shownFile(file)}: ${test.fullName}`)
}
