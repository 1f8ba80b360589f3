import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FolderServer, serveFolder } from './http-server.ts'
import { canReachUpstream, download } from './upstream.ts'

const content = Buffer.alloc(100_000, 'kubelet')
const sha256 = createHash('sha256').update(content).digest('hex')
let folder: string
let server: FolderServer

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kit-upstream-'))
  await writeFile(join(folder, 'kubelet'), content)
  server = await serveFolder({ folder })
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

test('a download that was broken off is continued where it ended', async () => {
  const file = join(folder, 'to/kubelet')
  server.faults.set('/kubelet', 'truncate')
  await expect(download(`${server.url}/kubelet`, file, sha256)).rejects.toThrow(`cannot download ${server.url}/kubelet`)
  server.faults.clear()
  await download(`${server.url}/kubelet`, file, sha256)
  expect(await readFile(file)).toEqual(content)
  expect(server.requests.at(-1)?.range).toMatch(/^bytes=[1-9]/)
  expect(await readdir(join(folder, 'to'))).toEqual(['kubelet'])
})

test('bytes that are not the expected ones are refused and thrown away', async () => {
  server.faults.set('/kubelet', 'corrupt')
  const refused = download(`${server.url}/kubelet`, join(folder, 'bad/kubelet'), sha256)
  await expect(refused).rejects.toThrow(new RegExp(`expected {2}sha256 ${sha256}\\n {2}actual {4}sha256 [0-9a-f]{64}`))
  expect(await readdir(join(folder, 'bad'))).toEqual([])
  server.faults.clear()
})

test('reachable is what answers with success', async () => {
  expect(await canReachUpstream(`${server.url}/kubelet`)).toBe(true)
  expect(await canReachUpstream(`${server.url}/absent`)).toBe(false)
  expect(await canReachUpstream('http://127.0.0.1:1/')).toBe(false)
})
