/** Compiles src, roles, distributions and playbooks to dist/ and copies the Handlebars templates beside the compiled roles. */
import { spawnSync } from 'node:child_process'
import { cpSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
rmSync(`${root}dist`, { recursive: true, force: true })
const compiled = spawnSync('tsc', ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' })
if (compiled.status === 0) {
  cpSync(`${root}roles`, `${root}dist/roles`, { recursive: true, filter: path => !path.endsWith('.ts') })
} else {
  if (compiled.error !== undefined) console.error(`tsc cannot be run (${compiled.error.message}); try: npm run build`)
  process.exitCode = 1
}
