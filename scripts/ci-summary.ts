/**
 * Adds up vitest's JSON results. It prints the ten slowest tests, then each failed test with the reason in a few lines, and
 * last the line `N passed, N failed`: who keeps only the end of a log has the failures. A missing file counts as a failure.
 */
import { type FileResults, readResults, shownFile, slowestTests } from './test-results.ts'

// Room for an assertion with the values that it compared, or for the message of an error.
const shownLength = 600

function beginning(message: string): string {
  const text = message.replace(/\n\s+at [\s\S]*/, '').slice(0, shownLength)
  return text.replace(/^/gm, '    ')
}

function failuresIn(results: FileResults): readonly string[] {
  const { status, message, assertionResults } = results
  const file = shownFile(results)
  const failed = assertionResults.filter(test => test.status === 'failed')
  const broken = status === 'failed' && (failed.length === 0 || message !== '')
  return [
    ...failed.map(test => `✘ ${file}: ${test.fullName}\n${beginning(test.failureMessages.join('\n'))}`),
    ...(broken ? [`✘ ${file}\n${beginning(message)}`] : []),
  ]
}

let passed = 0
let failed = 0
const said: string[] = []
const files: FileResults[] = []
for (const path of process.argv.slice(2)) {
  try {
    const results = readResults(path)
    files.push(...results.testResults)
    passed += results.numPassedTests
    // A suite that breaks before vitest knows its tests has no failed test. A skipped test proves nothing.
    failed += Math.max(results.numFailedTests, results.numFailedTestSuites > 0 ? 1 : 0) + results.numPendingTests
    said.push(...results.testResults.flatMap(failuresIn))
    if (results.numPendingTests > 0)
      said.push(`${path}: ${results.numPendingTests} tests did not run; that counts as failed`)
  } catch (error) {
    failed += 1
    said.push(`${path}: no test results (${error instanceof Error ? error.message : String(error)})`)
  }
}
console.log(['Slowest tests:', ...slowestTests(files), ...said].join('\n'))
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0
