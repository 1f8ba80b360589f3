#!/usr/bin/env node
import module from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

// Libuv makes its threads when the first is wanted. Half of them look names up: a name server that does not answer takes
// one for 10 s, and with the default of 4 the names that are known would wait for it.
process.env.UV_THREADPOOL_SIZE ??= '64'

// All else is imported after this, so that an old Node gets as far as the message.
if (Number(process.versions.node.split('.')[0]) < 22) {
  console.error(`evcctl needs Node.js 22 or newer; this is ${process.version}.\n  Newer ones: https://nodejs.org`)
  process.exitCode = 1
} else {
  // Keeps compiled code, where only this user can write: starts are about 60 ms quicker. Node 22.8 and newer.
  const { compileCacheFolder } = await import('../dist/src/cli/compile-cache.js')
  const folder = compileCacheFolder()
  if (folder !== undefined) module.enableCompileCache?.(folder)
  const { main } = await import('../dist/src/cli/main.js')
  await main(process.argv.slice(2), { root: dirname(dirname(fileURLToPath(import.meta.url))) })
}
