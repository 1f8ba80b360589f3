import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ProbeResult } from '../../src/core/index.ts'
import { Sandbox } from './sandbox.ts'

/** A host on which a unit is tried with something new: its programs are scripts of sh, in whose text ROOT is the sandbox. */
export class TrialHost extends Sandbox {
  constructor(programs: Readonly<Record<string, string>>) {
    super()
    mkdirSync(join(this.root, 'bin'))
    for (const [name, text] of Object.entries(programs)) this.program(name, text)
  }

  program(name: string, text: string): void {
    writeFileSync(join(this.root, 'bin', name), `#!/bin/sh\n${text.replaceAll('ROOT', this.root)}`, { mode: 0o755 })
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(this.inside(path)), { recursive: true })
    writeFileSync(this.inside(path), text)
  }

  read(path: string): string {
    return readFileSync(this.inside(path), 'utf8')
  }

  has(path: string): boolean {
    return existsSync(this.inside(path))
  }

  /** Something the programs read, by its name in the sandbox. */
  tell(name: string, text: string): void {
    writeFileSync(join(this.root, name), text)
  }

  /** Something the programs wrote; undefined: nothing. */
  told(name: string): string | undefined {
    const path = join(this.root, name)
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined
  }

  /** What systemctl was asked; its stand-in has to write that down in `asked`. */
  asked(from = 0): readonly string[] {
    return this.told('asked')?.trim().split('\n').slice(from) ?? []
  }

  /** Runs a step as a host would, with its own programs before those of this machine. */
  do(script: string): Promise<ProbeResult> {
    return this.sh(`set -eu\n${script.replaceAll('/usr/local/bin/', '')}`, '', `${join(this.root, 'bin')}:`)
  }
}
