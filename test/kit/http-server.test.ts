import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type FolderServer, serveFolder } from './http-server.ts'

const content = 'ten bytes!'
let outer: string
let server: FolderServer

beforeAll(async () => {
  outer = await mkdtemp(join(tmpdir(), 'kit-http-'))
  await mkdir(join(outer, 'served/dl.k8s.io'), { recursive: true })
  await writeFile(join(outer, 'secret'), 'not for you')
  await writeFile(join(outer, 'served/dl.k8s.io/kubeadm'), content)
  await writeFile(join(outer, 'served/empty'), '')
  server = await serveFolder({ folder: join(outer, 'served') })
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(outer, { recursive: true })
})

const get = (path: string, range?: string): Promise<Response> =>
  fetch(`${server.url}${path}`, range === undefined ? {} : { headers: { range } })

describe('files', () => {
  test('are served whole, with their length', async () => {
    const response = await get('/dl.k8s.io/kubeadm?x=1')
    expect(response.status).toBe(200)
    expect(response.headers.get('content-length')).toBe('10')
    expect(await response.text()).toBe(content)
  })

  test('HEAD gives the length and no bytes', async () => {
    const response = await fetch(`${server.url}/dl.k8s.io/kubeadm`, { method: 'HEAD' })
    expect(response.headers.get('content-length')).toBe('10')
    expect(await response.text()).toBe('')
  })

  test('may be empty', async () => {
    expect(await (await get('/empty')).text()).toBe('')
  })

  test.each(['/absent', '/dl.k8s.io', '/../secret', '/%2e%2e/secret', '/dl.k8s.io/..%2f..%2fsecret', '/%zz'])(
    '%s is not found',
    async path => {
      expect((await get(path)).status).toBe(404)
    },
  )

  test('cannot be written', async () => {
    expect((await fetch(`${server.url}/empty`, { method: 'PUT', body: 'x' })).status).toBe(405)
  })
})

describe('ranges', () => {
  test.each([
    ['bytes=4-', 'bytes 4-9/10', 'bytes!'],
    ['bytes=0-2', 'bytes 0-2/10', 'ten'],
    ['bytes=-6', 'bytes 4-9/10', 'bytes!'],
    ['bytes=4-99', 'bytes 4-9/10', 'bytes!'],
  ])('are sent as they are asked for: %s', async (range, contentRange, text) => {
    const response = await get('/dl.k8s.io/kubeadm', range)
    expect(response.status).toBe(206)
    expect(response.headers.get('content-range')).toBe(contentRange)
    expect(await response.text()).toBe(text)
  })

  test('past the end cannot be satisfied', async () => {
    const response = await get('/dl.k8s.io/kubeadm', 'bytes=10-')
    expect(response.status).toBe(416)
    expect(response.headers.get('content-range')).toBe('bytes */10')
  })

  test('of another unit are ignored', async () => {
    expect((await get('/dl.k8s.io/kubeadm', 'lines=1-2')).status).toBe(200)
  })
})

describe('faults', () => {
  const path = '/dl.k8s.io/kubeadm'

  test('truncate promises all bytes and sends half', async () => {
    server.faults.set(path, 'truncate')
    const response = await get(path)
    expect(response.headers.get('content-length')).toBe('10')
    await expect(response.text()).rejects.toThrow()
  })

  test('corrupt keeps the length', async () => {
    server.faults.set(path, 'corrupt')
    const bytes = Buffer.from(await (await get(path)).arrayBuffer())
    expect(bytes).toHaveLength(10)
    expect(bytes.subarray(1).toString()).toBe(content.slice(1))
    expect(bytes[0]).not.toBe(content.charCodeAt(0))
  })

  test('a number is the status, until the fault is taken away', async () => {
    server.faults.set(path, 503)
    expect((await get(path)).status).toBe(503)
    server.faults.delete(path)
    expect((await get(path)).status).toBe(200)
  })

  test('stall never ends, and does not keep the server from ending', async () => {
    const stalling = await serveFolder({ folder: join(outer, 'served'), faults: { [path]: 'stall' } })
    const response = await fetch(`${stalling.url}${path}`)
    const reader = response.body!.getReader()
    const first = await reader.read()
    expect(Buffer.from(first.value!).toString()).toBe('ten b')
    const second = reader.read()
    await stalling[Symbol.asyncDispose]()
    await expect(second).rejects.toThrow()
  })
})

test('requests are on record', async () => {
  await using recording = await serveFolder({ folder: join(outer, 'served') })
  await (await fetch(`${recording.url}/empty`)).text()
  await (await fetch(`${recording.url}/absent`, { headers: { range: 'bytes=5-' } })).text()
  expect(recording.requests).toEqual([
    { method: 'GET', path: '/empty', range: undefined, status: 200 },
    { method: 'GET', path: '/absent', range: 'bytes=5-', status: 404 },
  ])
})
