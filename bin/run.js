#!/usr/bin/env node
import module from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

const [major, minor] = process.versions.node.split('.').map(Number)
// Libuv makes its threads when the first is wanted. Half of them look names up: a name server that does not answer takes
// one for 10 s, and with the default of 4 the names that are known would wait for it. Seen: Node 22.12 and 24.0 have made
// them before this file runs, 24.21 has not. Where it comes too late it must not be set, as lookups are counted by it.
if (major > 24 || (major === 24 && minor >= 21)) process.env.UV_THREADPOOL_SIZE ??= '64'

// All else is imported after this, so that an old Node gets as far as the message. X509Certificate has its dates since 22.10.
if (major < 22 || (major === 22 && minor < 10)) {
  console.error(`evcctl needs Node.js 22.10 or newer; this is ${process.version}.\n  Newer ones: https://nodejs.org`)
  process.exitCode = 1
} else {
  // Keeps compiled code, where only this user can write: starts are about 60 ms quicker. Node 22.8 and newer.
  const { compileCacheFolder } = await import('../dist/src/cli/compile-cache.js')
  const folder = compileCacheFolder()
  if (folder !== undefined) module.enableCompileCache?.(folder)
  const { main } = await import('../dist/src/cli/main.js')
  await main(process.argv.slice(2), { root: dirname(dirname(fileURLToPath(import.meta.url))) })
}
