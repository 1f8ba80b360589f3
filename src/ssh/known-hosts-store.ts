import type { Stats } from 'node:fs'
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { localFileBytes } from '../core/limits.ts'
import { LocalFileError, readLocalFile } from '../core/local-file.ts'
import { typeOf } from './fields.ts'
import { shortPath } from './home.ts'
import {
  addKnownHosts,
  findKnownHost,
  judgeKey,
  type KeyVerdict,
  type KnownHost,
  type KnownHosts,
} from './known-hosts.ts'

/** The known_hosts files of one pool: each is read once, and what accept-new records is seen by all. */
export class KnownHostsStore {
  readonly #files = new Map<string, Promise<KnownHosts>>()
  readonly #revoked = new Map<string, Promise<ReadonlySet<string>>>()
  // Appends to a file wait for each other, so that two hosts never mix their lines, and of two keys for one name the
  // second is seen to be another one.
  readonly #writing = new Map<string, Promise<KeyVerdict>>()
  // How each file was when it was last read or written here: other programs and runs write to it as well.
  readonly #seen = new Map<string, string>()

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

  /**
   * Records a key in a file (mode 0600, in a folder of mode 0700 if it has to be made), unless it is there by now. Gives
   * what the file says of the key then: `known`, or why it is not taken, as another host or run has come first with that
   * name and another key.
   */
  async record(file: string, name: string, key: Buffer): Promise<KeyVerdict> {
    const before = this.#writing.get(file)
    const mine = Promise.resolve(before?.catch(() => undefined)).then(() => this.#append(file, name, key))
    this.#writing.set(file, mine)
    return await mine
  }

  #read(file: string): Promise<KnownHosts> {
    const known = this.#files.get(file)
    if (known !== undefined) return known
    const reading = readKnownHosts(file)
    keep(this.#files, file, reading)
    return reading
  }

  async #append(file: string, name: string, key: Buffer): Promise<KeyVerdict> {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    await using handle = await open(file, 'a+', 0o600)
    const before = await handle.stat()
    const hosts = await this.#upToDate(file, before)
    const judged = judgeKey(findKnownHost(hosts, name), key)
    if (judged.verdict !== 'unknown') return judged
    const line = `${name} ${typeOf(key)} ${key.toString('base64')}`
    const whole = `${(await endsLine(handle, before.size)) ? '' : '\n'}${line}\n`
    // One write of whole lines: other programs that append at the same time cannot come in between.
    await handle.appendFile(whole)
    const after = await handle.stat()
    this.#seen.set(file, stateOf(after))
    if (after.size === before.size + Buffer.byteLength(whole)) addKnownHosts(hosts, line, file)
    else return this.#settle(file, name, key, line)
    return { verdict: 'known' }
  }

  // Another program has written at the same time. Of two runs with different keys, the line that comes first in the file
  // counts, and who wrote the second one takes it back.
  async #settle(file: string, name: string, key: Buffer, line: string): Promise<KeyVerdict> {
    const [first] = findKnownHost(await readKnownHosts(file), name).filter(({ marker }) => marker === undefined)
    this.#files.delete(file)
    if (first === undefined || first.key === key.toString('base64')) return { verdict: 'known' }
    await takeBack(file, line)
    return { verdict: 'changed', expected: [first] }
  }

  async #upToDate(file: string, now: Stats): Promise<KnownHosts> {
    const state = stateOf(now)
    if (this.#seen.get(file) !== state) this.#files.delete(file)
    this.#seen.set(file, state)
    return this.#read(file)
  }
}

function stateOf({ ino, size, mtimeMs }: Stats): string {
  return `${ino} ${size} ${mtimeMs}`
}

async function endsLine(handle: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return true
  const { buffer } = await handle.read({ buffer: Buffer.alloc(1), position: size - 1 })
  return buffer.toString() === '\n'
}

// One byte makes a comment of it: lines that others append meanwhile stay where they are.
async function takeBack(file: string, line: string): Promise<void> {
  await using handle = await open(file, 'r+')
  const at = (await handle.readFile()).lastIndexOf(`${line}\n`)
  if (at >= 0) await handle.write('#', at)
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
