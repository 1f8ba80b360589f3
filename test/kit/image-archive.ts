import { spawn } from 'node:child_process'
import { createHash, type Hash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { link, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress } from 'node:zlib'
import { run } from './process.ts'

/** GOARCH names, which OCI uses, too. */
export type Arch = 'amd64' | 'arm64'

/** GOARCH of this machine. */
export function machineArch(): Arch {
  if (process.arch === 'x64') return 'amd64'
  if (process.arch === 'arm64') return 'arm64'
  throw new Error(`no Kubernetes binaries for ${process.arch}: amd64 and arm64 only`)
}

/** The program that a container of the image runs, as in `Config` of the OCI image specification. */
export interface ImageConfig {
  readonly Entrypoint?: readonly string[]
  readonly Cmd?: readonly string[]
  readonly Env?: readonly string[]
  /** `uid:gid`; root if absent. */
  readonly User?: string
}

/** A finished layer: a compressed tar, with both of its digests. */
export interface Layer {
  /** Path of the compressed layer. */
  readonly file: string
  /** sha256 of the compressed bytes, hex. */
  readonly digest: string
  /** sha256 of the uncompressed tar, hex: the diff ID of the OCI specification. */
  readonly diffId: string
  /** Size of the compressed layer in bytes. */
  readonly size: number
}

export interface Image {
  /** Full name with registry and tag, as `kubeadm config images list` prints it. */
  readonly ref: string
  readonly layers: readonly Layer[]
  readonly config: ImageConfig
}

/**
 * Part of every stamp: raise it when the bytes that this file writes change.
 * zstd at level 1 because hosts spend more time on moving and storing bytes than on decompressing them.
 */
export const archiveFormat = 'oci+zstd1 v2'

const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+zstd',
}

/** The number of bytes that the compressor gets at a time. */
const chunkSize = 2 ** 20

/** Flags with which tar's output depends on content and modes only: not on the clock, the user, or the order of readdir. */
const reproducible = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--format=gnu']

/**
 * Packs a folder into one layer, compressed. The bytes depend on the folder's content only.
 *
 * @param folder its content becomes the root of the image
 * @param file where the layer goes; written under a temporary name first
 */
export async function writeLayer(folder: string, file: string): Promise<Layer> {
  await mkdir(dirname(file), { recursive: true })
  const unfinished = `${file}.part`
  const plain = createHash('sha256')
  const compressed = createHash('sha256')
  const tar = spawn('tar', ['-C', folder, ...reproducible, '-cf', '-', '.'], { stdio: ['ignore', 'pipe', 'pipe'] })
  let complaint = ''
  tar.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString()
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    tar.on('error', reject)
    tar.on('close', resolve)
  })
  const zstd = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 1 } })
  const chunks = (source: AsyncIterable<Buffer>): AsyncIterable<Buffer> => inChunks(source, chunkSize)
  await pipeline(tar.stdout, chunks, hashing(plain), zstd, hashing(compressed), createWriteStream(unfinished))
  if ((await ended) !== 0) throw new Error(`tar of ${folder} failed: ${complaint}`)
  await rename(unfinished, file)
  const { size } = await stat(file)
  return { file, digest: compressed.digest('hex'), diffId: plain.digest('hex'), size }
}

/**
 * Cuts a stream into pieces of one size; the last one may be shorter. The output of zstd depends on the pieces of its
 * input, and a pipe has pieces of any size.
 */
export async function* inChunks(source: AsyncIterable<Buffer>, size: number): AsyncGenerator<Buffer> {
  let kept: Buffer[] = []
  let length = 0
  for await (const piece of source) {
    kept.push(piece)
    length += piece.length
    if (length < size) continue
    const joined = Buffer.concat(kept)
    let from = 0
    for (; joined.length - from >= size; from += size) yield joined.subarray(from, from + size)
    kept = [joined.subarray(from)]
    length -= from
  }
  if (length > 0) yield Buffer.concat(kept)
}

/**
 * Writes images as one archive: an OCI layout, with the `manifest.json` that `docker load` looks for next to it.
 * `ctr images import` and `docker load` give the images exactly the names in `ref`.
 *
 * @param file the archive, an uncompressed tar (its layers are compressed); written under a temporary name first
 */
export async function writeImageArchive(images: readonly Image[], arch: Arch, file: string): Promise<void> {
  const work = `${file}.layout`
  await rm(work, { recursive: true, force: true })
  const blobs = join(work, 'blobs', 'sha256')
  await mkdir(blobs, { recursive: true })
  const manifests: object[] = []
  const dockerManifest: object[] = []
  for (const image of images) {
    for (const layer of image.layers) {
      const blob = join(blobs, layer.digest)
      await rm(blob, { force: true })
      await link(layer.file, blob)
    }
    const config = await writeBlob(blobs, {
      architecture: arch,
      os: 'linux',
      created: '1970-01-01T00:00:00Z',
      config: image.config,
      rootfs: { type: 'layers', diff_ids: image.layers.map(layer => `sha256:${layer.diffId}`) },
    })
    const manifest = await writeBlob(blobs, {
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: { mediaType: mediaTypes.config, ...config },
      layers: image.layers.map(layer => ({
        mediaType: mediaTypes.layer,
        digest: `sha256:${layer.digest}`,
        size: layer.size,
      })),
    })
    manifests.push({
      mediaType: mediaTypes.manifest,
      ...manifest,
      platform: { architecture: arch, os: 'linux' },
      annotations: { 'io.containerd.image.name': image.ref, 'org.opencontainers.image.ref.name': tagOf(image.ref) },
    })
    dockerManifest.push({
      Config: blobPath(config.digest),
      RepoTags: [image.ref],
      Layers: image.layers.map(layer => blobPath(`sha256:${layer.digest}`)),
    })
  }
  await writeFile(join(work, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
  await writeFile(
    join(work, 'index.json'),
    JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests }),
  )
  await writeFile(join(work, 'manifest.json'), JSON.stringify(dockerManifest))
  const unfinished = `${file}.part`
  // Small files come first, so that an importer knows which layers it needs before it reads them.
  const members = ['oci-layout', 'index.json', 'manifest.json', 'blobs']
  await run(['tar', '-C', work, ...reproducible, '--hard-dereference', '-cf', unfinished, ...members])
  await rename(unfinished, file)
  await rm(work, { recursive: true })
}

/** The part after the last colon: `v1.36.4` of `registry.k8s.io/kube-proxy:v1.36.4`. */
export function tagOf(ref: string): string {
  const name = basename(ref)
  const colon = name.lastIndexOf(':')
  if (colon < 0) throw new Error(`image ${ref} has no tag`)
  return name.slice(colon + 1)
}

function blobPath(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`
}

async function writeBlob(folder: string, content: object): Promise<{ digest: string; size: number }> {
  const bytes = Buffer.from(JSON.stringify(content))
  const hex = createHash('sha256').update(bytes).digest('hex')
  await writeFile(join(folder, hex), bytes)
  return { digest: `sha256:${hex}`, size: bytes.length }
}

function hashing(hash: Hash): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      done(null, chunk)
    },
  })
}
