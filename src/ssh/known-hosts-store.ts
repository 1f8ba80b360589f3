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

/** The known_hosts files of one pool. Each is read once, and keys that accept-new records are seen by all hosts. */
export class KnownHostsStore {
  readonly #files = new Map<string, Promise<KnownHosts>>()
  readonly #revoked = new Map<string, Promise<ReadonlySet<string>>>()
  // Appends to a file wait for each other. So two hosts never mix their lines, and if two hosts show different keys for one
  // name, the second key is compared with the first.
  readonly #writing = new Map<string, Promise<KeyVerdict>>()
  // The state of each file when it was last read or written here. It shows whether other programs or runs have written to it.
  readonly #seen = new Map<string, string>()

  /** The lines for a name in these files. Files that do not exist count as empty. Rejects if a file cannot be read just now. */
  async find(files: readonly string[], name: string): Promise<KnownHost[]> {
    const all = await Promise.all(files.map(file => this.#read(file)))
    return all.flatMap(hosts => findKnownHost(hosts, name))
  }

  /**
   * Whether a key is in a RevokedHostKeys file, which has one public key on each line. Rejects if the file cannot be read or
   * is a KRL, a binary format that evcctl does not support.
   */
  async isRevoked(file: string, key: Buffer): Promise<boolean> {
    const known = this.#revoked.get(file) ?? readRevoked(file)
    keep(this.#revoked, file, known)
    return (await known).has(key.toString('base64'))
  }

  /**
   * Records a key in a file, unless the file has it by now. A new file gets mode 0600, and a new folder 0700. Returns the
   * verdict of the file on the key: `known`, or another one if a host or run has recorded a different key for that name first.
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
    // Whole lines in a single write, so that other programs that append at the same time cannot write in between.
    await handle.appendFile(whole)
    const after = await handle.stat()
    this.#seen.set(file, stateOf(after))
    if (after.size === before.size + Buffer.byteLength(whole)) addKnownHosts(hosts, line, file)
    else return this.#settle(file, name, key, line)
    return { verdict: 'known' }
  }

  // Called if another program has written at the same time. If two runs have recorded different keys for one name, the first
  // line in the file counts, and the run that wrote the other line takes it back.
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

// Overwrites one byte, which makes the line a comment. So lines that others append meanwhile keep their position.
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

// Forgets a reading that failed, so that the next host tries again.
function keep<T>(files: Map<string, Promise<T>>, file: string, reading: Promise<T>): void {
  files.set(file, reading)
  reading.catch(() => {
    if (files.get(file) === reading) files.delete(file)
  })
}

// These errors count as no file, also for a file that the user may not read: the host is then unknown. After any other error,
// of the disk or for lack of file descriptors, nobody knows what the file contains, so reading it fails.
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
