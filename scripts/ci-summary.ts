/** Adds up vitest's JSON results and prints the closing line `N passed, N failed`; a missing file counts as a failure. */
import { readFileSync } from 'node:fs'

interface Results {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numFailedTestSuites: number
}

let passed = 0
let failed = 0
for (const path of process.argv.slice(2)) {
  try {
    const results = JSON.parse(readFileSync(path, 'utf8')) as Results
    passed += results.numPassedTests
    // A suite that breaks before its tests are known has no failed test, and a skipped test proves nothing.
    failed += Math.max(results.numFailedTests, results.numFailedTestSuites > 0 ? 1 : 0) + results.numPendingTests
    if (results.numPendingTests > 0)
      console.log(`${path}: ${results.numPendingTests} tests did not run; that counts as failed`)
  } catch (error) {
    failed += 1
    console.log(`${path}: no test results (${error instanceof Error ? error.message : String(error)})`)
  }
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0
