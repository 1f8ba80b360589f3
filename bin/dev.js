#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

// Libuv makes its threads when the first is wanted. Half of them look names up: a name server that does not answer takes
// one for 10 s, and with the default of 4 the names that are known would wait for it.
process.env.UV_THREADPOOL_SIZE ??= '64'

// Runs the TypeScript sources as they are, by Node's own type stripping: no build needed.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(`bin/dev.js needs Node.js 22.18 or newer; this is ${process.version}.\n  bin/run.js runs a build.`)
  process.exitCode = 1
} else {
  const root = dirname(dirname(fileURLToPath(import.meta.url)))
  const pjson = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'))
  pjson.oclif.commands.target = './src/cli/index.ts'
  const { main } = await import('../src/cli/main.ts')
  await main(process.argv.slice(2), { root, pjson })
}
