import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { z } from 'zod'
import { exitCodes, UserError } from '../../core/index.ts'
import { openFile } from '../../core/local-file.ts'

const manifestSchema = z.object({
  format: z.literal(1),
  cluster: z.string().max(253),
  host: z.string().max(253),
  time: z.string().regex(/^\d{8}T\d{6}Z$/),
  kubernetes: z.string().regex(/^\d+\.\d+\.\d+[-+.0-9A-Za-z]{0,100}$/),
  etcd: z.string().max(100),
  revision: z.number().int().positive(),
  keys: z.number().int().positive(),
  size: z.number().int().positive(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})

/** What a snapshot says of itself. */
export type SnapshotManifest = z.infer<typeof manifestSchema>

/** A snapshot on this machine. */
export interface SnapshotArchive {
  readonly file: string
  /** The sha256 of the archive itself. */
  readonly sha256: string
  readonly manifest: SnapshotManifest
}

/**
 * Reads the manifest of an archive, which is its first file, and hashes all of it. Raises UserError for anything else. `where`: what
 * the user calls the file; default its path.
 */
export async function readArchive(file: string, where = file): Promise<SnapshotArchive> {
  try {
    const manifest = manifestSchema.parse(JSON.parse(firstFile(await beginningOf(file))))
    return { file, sha256: await hashOf(file), manifest }
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const isSystem = code?.startsWith('E') === true && !code.startsWith('ERR_')
    throw new UserError(
      {
        where,
        problem: isSystem ? 'The snapshot cannot be read.' : 'This is no snapshot of evcctl.',
        expected: 'an archive <time>.tar.gz that evcctl etcd snapshot, or the timer on a host, has made',
        ...(isSystem ? { actual: message } : {}),
        next: 'See which there are, on a host with a member of etcd: sudo ls -l /var/backups/evcctl/etcd',
      },
      { exitCode: exitCodes.badInput, cause },
    )
  }
}

function reading(file: string, end?: number): Readable {
  const opened = openFile(file)
  return opened === undefined ? Readable.from([]) : createReadStream('', { fd: opened, end })
}

const block = 512
const mostManifest = 16 * 1024

// The unpacked beginning, with the manifest; a bomb is not unpacked any further.
async function beginningOf(file: string): Promise<Buffer> {
  const source = reading(file, 1024 * 1024)
  const unpacked = createGunzip()
  source.on('error', error => unpacked.destroy(error))
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of source.pipe(unpacked)) {
    chunks.push(chunk as Buffer)
    length += (chunk as Buffer).length
    if (length >= block + mostManifest) break
  }
  source.destroy()
  return Buffer.concat(chunks)
}

// The format of tar (POSIX ustar): a block with the name at 0 and the size in octal digits at 124, then the content.
function firstFile(tar: Buffer): string {
  const text = (from: number, to: number) => tar.toString('latin1', from, to).split('\0')[0]!.trim()
  const size = Number.parseInt(text(124, 136), 8)
  if (text(0, 100) !== 'manifest.json' || !(size > 0 && size <= mostManifest) || tar.length < block + size)
    throw new Error('The first file is no manifest.')
  return tar.toString('utf8', block, block + size)
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of reading(file)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
