/**
 * Runs vitest for the named projects, then prints the ten slowest tests. If EVCCTL_TEST_RESULTS names a file, the JSON
 * results stay there.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readResults, slowestTests } from './test-results.ts'

const folder = mkdtempSync(join(tmpdir(), 'evcctl-results-'))
const results = process.env.EVCCTL_TEST_RESULTS ?? join(folder, 'results.json')
const args = ['run', ...process.argv.slice(2), '--reporter=default', '--reporter=json', `--outputFile.json=${results}`]
const child = spawn('vitest', args, { stdio: 'inherit' })
child.on('error', error => {
  console.error(`vitest cannot be run (${error.message}); try: npm test`)
  process.exitCode = 1
})
child.on('exit', (code, signal) => {
  process.exitCode = signal === null ? (code ?? 1) : 1
})
child.on('close', () => {
  try {
    console.log(['Slowest tests:', ...slowestTests(readResults(results).testResults)].join('\n'))
  } catch {
    // A run that ends before its tests has no results. vitest has already printed the reason.
  }
  rmSync(folder, { recursive: true })
})
