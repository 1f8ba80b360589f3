import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { inChunks, type Layer, tagOf, writeImageArchive, writeLayer } from './image-archive.ts'
import { run } from './process.ts'

let folder: string
let layer: Layer
const ref = 'registry.k8s.io/coredns/coredns:v1.14.2'

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kit-image-'))
  await mkdir(join(folder, 'root/usr/bin'), { recursive: true })
  await writeFile(join(folder, 'root/usr/bin/program'), 'a program', { mode: 0o755 })
  layer = await writeLayer(join(folder, 'root'), join(folder, 'layer.tar.zst'))
  await writeImageArchive(
    [
      { ref, layers: [layer], config: { Entrypoint: ['/usr/bin/program'] } },
      { ref: 'evcctl.test/same:1', layers: [layer], config: {} },
    ],
    'amd64',
    join(folder, 'image.tar'),
  )
  await mkdir(join(folder, 'unpacked'))
  await run(['tar', '-C', join(folder, 'unpacked'), '-xf', join(folder, 'image.tar')])
})

afterAll(() => rm(folder, { recursive: true }))

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const blob = (digest: string): Promise<Buffer> => readFile(join(folder, 'unpacked/blobs', digest.replace(':', '/')))
// biome-ignore lint/suspicious/noExplicitAny: foreign JSON, its shape is what the test is about
const json = (bytes: Buffer): any => JSON.parse(bytes.toString())

test('a layer has the digests of its bytes, compressed and not', async () => {
  const bytes = await readFile(layer.file)
  expect(layer).toMatchObject({ digest: sha256(bytes), diffId: sha256(zstdDecompressSync(bytes)), size: bytes.length })
})

test('a layer is the same for the same content and modes', async () => {
  await utimes(join(folder, 'root/usr/bin/program'), 1, 1)
  const again = await writeLayer(join(folder, 'root'), join(folder, 'again.tar.zst'))
  expect(again.digest).toBe(layer.digest)
})

test('an archive names its images for containerd, and all its digests hold', async () => {
  const index = json(await readFile(join(folder, 'unpacked/index.json')))
  expect(index.manifests).toHaveLength(2)
  const [descriptor] = index.manifests
  expect(descriptor.annotations['io.containerd.image.name']).toBe(ref)
  expect(descriptor.platform).toEqual({ architecture: 'amd64', os: 'linux' })
  const manifest = await blob(descriptor.digest)
  expect(descriptor).toMatchObject({ digest: `sha256:${sha256(manifest)}`, size: manifest.length })
  const config = json(await blob(json(manifest).config.digest))
  expect(config.rootfs.diff_ids).toEqual([`sha256:${layer.diffId}`])
  expect(config.config.Entrypoint).toEqual(['/usr/bin/program'])
  const blobs = await readdir(join(folder, 'unpacked/blobs/sha256'))
  for (const name of blobs) expect(sha256(await blob(`sha256:${name}`))).toBe(name)
  expect(blobs, 'one shared layer, two configurations, two manifests').toHaveLength(5)
})

test('an archive names its images for docker, too', async () => {
  const entries = json(await readFile(join(folder, 'unpacked/manifest.json')))
  expect(entries[0].RepoTags).toEqual([ref])
  expect(entries[0].Layers).toEqual([`blobs/sha256/${layer.digest}`])
  expect(json(await readFile(join(folder, 'unpacked', entries[0].Config))).os).toBe('linux')
})

test('nothing unfinished is left behind', async () => {
  expect((await readdir(folder)).sort()).toEqual(['again.tar.zst', 'image.tar', 'layer.tar.zst', 'root', 'unpacked'])
})

test('the tag of an image is what follows its last colon, and has to be there', () => {
  expect(tagOf('localhost:5000/pause:3.10.2')).toBe('3.10.2')
  expect(() => tagOf('localhost:5000/pause')).toThrow('image localhost:5000/pause has no tag')
})

test.each([[['abcdefgh']], [['a', 'bcd', 'efg', 'h']], [['abc', 'def', 'gh']], [['abcdef', '', 'gh']]])(
  'a stream that comes as %j is cut the same way',
  async pieces => {
    const source = async function* (): AsyncGenerator<Buffer> {
      for (const piece of pieces) yield Buffer.from(piece)
    }
    const cut: string[] = []
    for await (const chunk of inChunks(source(), 3)) cut.push(chunk.toString())
    expect(cut).toEqual(['abc', 'def', 'gh'])
  },
)
