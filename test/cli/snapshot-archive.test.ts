import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { constants, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readArchive } from '../../src/cli/etcd/snapshot-archive.ts'

const manifest = {
  format: 1,
  cluster: 'edge-seoul',
  host: 'cp1',
  time: '20261129T083000Z',
  kubernetes: '1.36.4',
  etcd: '3.6.8',
  revision: 42,
  keys: 7,
  hash: 'deadbeef',
  size: 43,
  sha256: 'b'.repeat(64),
}
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evcctl-archive-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))
const file = () => join(folder, 'a.tar.gz')
function pack(content: string, names = ['manifest.json', 'snapshot.db']): void {
  writeFileSync(join(folder, 'manifest.json'), content)
  writeFileSync(join(folder, 'snapshot.db'), 'x'.repeat(100_000))
  execFileSync('tar', ['-I', 'gzip -1', '-C', folder, '-cf', file(), ...names])
}

test('a snapshot is known by its manifest, and by its sha256', async () => {
  pack(JSON.stringify(manifest))
  const { hash: _, ...rest } = manifest
  const sha256 = createHash('sha256').update(readFileSync(file())).digest('hex')
  expect(await readArchive(file())).toEqual({ file: file(), sha256, manifest: rest })
})

test.each([
  ['no archive', () => writeFileSync(file(), 'hello')],
  ['an empty file', () => writeFileSync(file(), '')],
  ['an archive of something else', () => pack('{}', ['snapshot.db', 'manifest.json'])],
  ['a manifest of another format', () => pack(JSON.stringify({ ...manifest, format: 2 }))],
  ['a manifest with a text for a number', () => pack(JSON.stringify({ ...manifest, size: '43; rm -rf /' }))],
  ['a manifest with a sha256 that is none', () => pack(JSON.stringify({ ...manifest, sha256: "'; rm -rf / #" }))],
  ['a manifest that has no end', () => pack('x'.repeat(50_000))],
  ['a file that unpacks for ever', () => writeFileSync(file(), gzipSync(Buffer.alloc(64 * 1024 * 1024)))],
])('%s is refused in words', async (_, given) => {
  given()
  await expect(readArchive(file())).rejects.toThrow('This is no snapshot of evcctl.')
})

test('a file that is not there is told as such', async () => {
  await expect(readArchive(join(folder, 'none'))).rejects.toThrow(/cannot be read[\s\S]*no such file/)
})

test('a pipe is refused at once', async () => {
  execFileSync('mkfifo', [file()])
  const late = new Promise(resolve => setTimeout(resolve, 2_000, 'it still waits'))
  const outcome = await Promise.race([readArchive(file()).catch((error: Error) => error.message), late])
  // Without a writer, a thread would go on waiting for one.
  openSync(file(), constants.O_RDWR | constants.O_NONBLOCK)
  expect(outcome).toContain('It is a pipe, not a file')
})
