import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

// Says at the end, when the pool of threads has been used, how many threads the process has.
const count = `
import { lookup } from 'node:dns/promises'
import { readdirSync } from 'node:fs'
process.once('beforeExit', async () => {
  await lookup('localhost')
  console.error(readdirSync('/proc/self/task').length + ' threads')
})`

// Older ones have made their threads before the program begins. In CI it runs whatever: there the locked Node is to be used.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const inTime = major > 24 || (major === 24 && minor >= 21)

it.runIf((process.platform === 'linux' && inTime) || process.env.CI)(
  'the program has threads for names that nobody answers for',
  async () => {
    const { UV_THREADPOOL_SIZE: _, ...env } = process.env
    const preload = `data:text/javascript,${encodeURIComponent(count)}`
    const { stderr } = await promisify(execFile)(process.execPath, ['--import', preload, 'bin/dev.js', '--version'], {
      env,
    })
    expect(Number(/(\d+) threads/.exec(stderr)?.[1])).toBeGreaterThan(64)
  },
)
