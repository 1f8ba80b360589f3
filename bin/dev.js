#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

const [major, minor] = process.versions.node.split('.').map(Number)
// Libuv makes its threads when the first is wanted. Half of them look names up: a name server that does not answer takes
// one for 10 s, and with the default of 4 the names that are known would wait for it. Seen: Node 22.12 and 24.0 have made
// them before this file runs, 24.21 has not. Where it comes too late it must not be set, as lookups are counted by it.
if (major > 24 || (major === 24 && minor >= 21)) process.env.UV_THREADPOOL_SIZE ??= '64'

// Runs the TypeScript sources as they are, by Node's own type stripping: no build needed.
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(`bin/dev.js needs Node.js 22.18 or newer; this is ${process.version}.\n  npm ci && npm run dev -- …`)
  process.exitCode = 1
} else {
  const root = dirname(dirname(fileURLToPath(import.meta.url)))
  const pjson = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'))
  pjson.oclif.commands.target = './src/cli/index.ts'
  const { main } = await import('../src/cli/main.ts')
  await main(process.argv.slice(2), { root, pjson })
}
