/** Runs vitest for the named projects; writes JSON results too where EVCCTL_TEST_RESULTS names a file. */
import { spawn } from 'node:child_process'

const results = process.env.EVCCTL_TEST_RESULTS
const args = ['run', ...process.argv.slice(2)]
if (results !== undefined) args.push('--reporter=default', '--reporter=json', `--outputFile.json=${results}`)
const child = spawn('vitest', args, { stdio: 'inherit' })
child.on('error', error => {
  console.error(`vitest cannot be run (${error.message}); try: npm test`)
  process.exitCode = 1
})
child.on('exit', (code, signal) => {
  process.exitCode = signal === null ? (code ?? 1) : 1
})
