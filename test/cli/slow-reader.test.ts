import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startServer } from '../ssh/server.ts'
import { devPath, oneHostFile, temporaryFolder } from './run-cli.ts'

const memory = (pid: number) =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

test.each(['stdout', 'stderr'] as const)(
  'exec holds a command on whose %s nobody keeps up, instead of its output, and loses nothing',
  async stream => {
    await using folder = await temporaryFolder()
    await using server = await startServer()
    const known = `{ file: ${server.knownHostsFile}, policy: accept-new }`
    writeFileSync(
      join(folder.path, 'cluster.yaml'),
      oneHostFile(server.port, `user: me, identityFile: ${server.identityFile}, knownHosts: ${known}`),
    )
    const lines = 3_000_000
    const command = `seq -f 'line %020.0f' ${lines}${stream === 'stderr' ? ' >&2' : ''}`
    const child = spawn(process.execPath, [devPath, 'exec', '--', command], {
      cwd: folder.path,
      env: { PATH: process.env.PATH, HOME: folder.path, XDG_STATE_HOME: folder.path },
    })
    const other = stream === 'stdout' ? 'stderr' : 'stdout'
    child[other].resume()
    await setTimeout(6_000)
    expect(child.exitCode).toBeNull()
    expect(memory(child.pid!)).toBeLessThan(200)
    let bytes = 0
    child[stream].on('data', (chunk: Buffer) => {
      bytes += chunk.length
    })
    const [exitCode] = await once(child, 'close')
    expect({ exitCode, bytes }).toEqual({ exitCode: 0, bytes: lines * 26 })
  },
)
