import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { localFileBytes } from '../core/limits.ts'
import { LocalFileError, readLocalFile } from '../core/local-file.ts'
import { shortPath } from './failure.ts'
import { typeOf } from './fields.ts'
import { addKnownHosts, findKnownHost, type KnownHost, type KnownHosts } from './known-hosts.ts'

/** The known_hosts files of one pool: each is read once, and what accept-new records is seen by all. */
export class KnownHostsStore {
  readonly #files = new Map<string, Promise<KnownHosts>>()
  readonly #revoked = new Map<string, Promise<ReadonlySet<string>>>()
  // Appends to a file wait for each other, so that two hosts never mix their lines.
  readonly #writing = new Map<string, Promise<void>>()

  /** The lines about a name in these files. Files that do not exist are empty. Rejects when one cannot be read just now. */
  async find(files: readonly string[], name: string): Promise<KnownHost[]> {
    const all = await Promise.all(files.map(file => this.#read(file)))
    return all.flatMap(hosts => findKnownHost(hosts, name))
  }

  /**
   * Whether a key is in a RevokedHostKeys file, which has public keys, one a line. Rejects when the file cannot be read
   * or is a KRL, a binary format that evcctl does not read.
   */
  async isRevoked(file: string, key: Buffer): Promise<boolean> {
    const known = this.#revoked.get(file) ?? readRevoked(file)
    keep(this.#revoked, file, known)
    return (await known).has(key.toString('base64'))
  }

  /** Records a key in a file (mode 0600, in a folder of mode 0700 if it has to be made), unless it is there by now. */
  async record(file: string, name: string, key: Buffer): Promise<void> {
    const before = this.#writing.get(file) ?? Promise.resolve()
    const mine = before.catch(() => undefined).then(() => this.#append(file, name, key))
    this.#writing.set(file, mine)
    await mine
  }

  #read(file: string): Promise<KnownHosts> {
    const known = this.#files.get(file)
    if (known !== undefined) return known
    const reading = readKnownHosts(file)
    keep(this.#files, file, reading)
    return reading
  }

  async #append(file: string, name: string, key: Buffer): Promise<void> {
    const hosts = await this.#read(file)
    const base64 = key.toString('base64')
    if (findKnownHost(hosts, name).some(entry => entry.marker === undefined && entry.key === base64)) return
    const line = `${name} ${typeOf(key)} ${base64}`
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    await using handle = await open(file, 'a+', 0o600)
    const { size } = await handle.stat()
    const last =
      size === 0 ? '\n' : (await handle.read({ buffer: Buffer.alloc(1), position: size - 1 })).buffer.toString()
    // One write of whole lines: other programs that append at the same time cannot come in between.
    await handle.appendFile(last === '\n' ? `${line}\n` : `\n${line}\n`)
    addKnownHosts(hosts, line, file)
  }
}

async function readRevoked(file: string): Promise<ReadonlySet<string>> {
  const text = readLocalFile(file, localFileBytes.knownHosts).toString('latin1')
  if (text.startsWith('SSHKRL')) throw new Error('it is a binary revocation list (KRL)')
  const words = text.split('\n').filter(line => !line.startsWith('#'))
  return new Set(words.flatMap(line => line.split(/\s+/)))
}

// What failed is tried again for the next host.
function keep<T>(files: Map<string, Promise<T>>, file: string, reading: Promise<T>): void {
  files.set(file, reading)
  reading.catch(() => {
    if (files.get(file) === reading) files.delete(file)
  })
}

// A folder or a file that the user may not read is the same to the user as no file: the host is not known. Any other
// failure, of a disk or for want of file descriptors, says nothing of what the file has.
const noFile: readonly unknown[] = ['ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES', 'EPERM', 'ELOOP', 'ENAMETOOLONG']

async function readKnownHosts(file: string): Promise<KnownHosts> {
  const hosts: KnownHosts = { plain: new Map(), patterns: [], lines: 0 }
  try {
    addKnownHosts(hosts, readLocalFile(file, localFileBytes.knownHosts).toString(), file)
  } catch (error) {
    if (error instanceof LocalFileError) throw new Error(`${shortPath(file)}: ${error.message}`, { cause: error })
    if (!(error instanceof Error && 'code' in error && noFile.includes(error.code))) throw error
  }
  return hosts
}
