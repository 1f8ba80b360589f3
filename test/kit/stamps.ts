import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { readIfThere, sha256OfFile, writeWhole } from './cache.ts'

/** What the kit records about a finished file of the mirror. */
export interface Stamp {
  /** Fingerprint of everything from which the file was made. */
  readonly inputs: string
  /** Hex. */
  readonly sha256: string
  /** Bytes. */
  readonly size: number
  /** Modification time, ms since 1970. A file that somebody has changed by hand is made again. */
  readonly modified: number
}

/**
 * The stamps of a mirror: one small file beside the mirror for each of its finished files. An interrupted run thus loses
 * nothing that was finished, and the next run makes only what is missing or outdated.
 */
export class Stamps {
  readonly #mirror: string
  readonly #folder: string

  constructor(mirror: string) {
    this.#mirror = mirror
    this.#folder = `${mirror}.stamps`
  }

  /** The stamp of a file, if the file exists and was made from exactly these inputs. */
  async fresh(file: string, inputs: string): Promise<Stamp | undefined> {
    const text = await readIfThere(this.#path(file))
    if (text === undefined) return undefined
    const stamp = JSON.parse(text) as Stamp
    if (stamp.inputs !== inputs) return undefined
    const found = await stat(join(this.#mirror, file)).catch(() => undefined)
    return found !== undefined && found.size === stamp.size && found.mtimeMs === stamp.modified ? stamp : undefined
  }

  /** Marks a file as finished. */
  async finish(file: string, inputs: string): Promise<Stamp> {
    const path = join(this.#mirror, file)
    const { size, mtimeMs } = await stat(path)
    const stamp: Stamp = { inputs, sha256: await sha256OfFile(path), size, modified: mtimeMs }
    await writeWhole(this.#path(file), JSON.stringify(stamp))
    return stamp
  }

  /** Removes the stamp before a file is made again. */
  async forget(file: string): Promise<void> {
    await rm(this.#path(file), { force: true })
  }

  /** The lines of SHA256SUMS: every finished file of the mirror, of all versions, sorted by path. */
  async checksums(): Promise<string> {
    const names = await readdir(this.#folder, { recursive: true })
    const files = names.filter(name => name.endsWith('.json')).map(name => name.slice(0, -'.json'.length))
    const lines: string[] = []
    for (const file of files.sort()) {
      const { inputs } = JSON.parse((await readIfThere(this.#path(file)))!) as Stamp
      const stamp = await this.fresh(file, inputs)
      if (stamp !== undefined) lines.push(`${stamp.sha256}  ${file}\n`)
    }
    return lines.join('')
  }

  #path(file: string): string {
    return join(this.#folder, `${file}.json`)
  }
}
