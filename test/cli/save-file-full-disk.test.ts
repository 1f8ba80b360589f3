import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { saveFile } from '../../src/cli/etcd/save-file.ts'
import { createPool } from '../../src/ssh/index.ts'
import { startServer } from '../ssh/server.ts'
import { temporaryFolder } from './run-cli.ts'

vi.mock('node:fs', async original => ({
  ...(await original<typeof import('node:fs')>()),
  // A disk that is full: it takes its time, and then says so.
  createWriteStream: () =>
    new Writable({
      highWaterMark: 1,
      write: (_chunk, _encoding, done) =>
        setTimeout(() => done(new Error('ENOSPC: no space left on device, write')), 50),
    }),
}))

const unhandled: unknown[] = []
const keep = (reason: unknown) => unhandled.push(reason)
beforeEach(() => process.on('unhandledRejection', keep))
afterEach(() => process.off('unhandledRejection', keep))

test('a full disk is told, and nothing else of it comes to light', async () => {
  await using folder = await temporaryFolder()
  await using server = await startServer()
  await using pool = createPool([server.target({ name: 'cp1' })], { sshConfigFile: '/nonexistent' })
  const path = join(folder.path, 'on-the-host')
  writeFileSync(path, Buffer.alloc(8 * 1024 * 1024))
  const from = { host: 'cp1', path, bytes: 8 * 1024 * 1024 }
  const saved = saveFile(pool, from, join(folder.path, 'copy'), new AbortController().signal)
  await expect(saved).rejects.toThrow(/could not be written[\s\S]*no space left on device[\s\S]*Make room here/)
  await new Promise(done => setTimeout(done, 100))
  expect(unhandled).toEqual([])
  expect(readdirSync(folder.path)).toEqual(['on-the-host'])
})
