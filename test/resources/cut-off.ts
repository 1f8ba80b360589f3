import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ProbeResult } from '../../src/core/index.ts'
import type { Sandbox } from './sandbox.ts'

const programs = ['mkdir', 'ln', 'cp', 'mv', 'rm', 'sync', 'sed', 'cat']

/**
 * Runs scripts in a sandbox as on a host that loses its power: the script is killed just before the n-th program that it
 * starts. `stubs` are programs of the test, as sh scripts; those that write files count, too.
 */
export class PowerCut {
  readonly #sandbox: Sandbox
  readonly #folder: string

  constructor(sandbox: Sandbox, stubs: Readonly<Record<string, string>>) {
    this.#sandbox = sandbox
    this.#folder = join(sandbox.root, 'bin')
    mkdirSync(this.#folder, { recursive: true })
    const real = (name: string) => `PATH=\${PATH#*:} exec ${name} "$@"\n`
    for (const [name, script] of [...programs.map(one => [one, real(one)] as const), ...Object.entries(stubs)]) {
      const path = join(this.#folder, name)
      writeFileSync(path, `#!/bin/sh\n${counted(this.#folder)}${sandbox.inside(script)}`)
      chmodSync(path, 0o755)
    }
  }

  /** Runs a script; `before`: the number of the program before which the power goes. */
  run(script: string, before?: number, stdin = ''): Promise<ProbeResult> {
    rmSync(join(this.#folder, 'count'), { force: true })
    writeFileSync(join(this.#folder, 'limit'), String(before ?? 0))
    return this.#sandbox.sh(`set -eu\n${script}`, stdin, `${this.#folder}:`)
  }
}

// What started it is the script, or a subshell of it, whose end is its end.
function counted(folder: string): string {
  return `read limit <${folder}/limit || :
read count 2>/dev/null <${folder}/count || count=0
count=$(( count + 1 ))
echo "$count" >${folder}/count
if [ "$count" = "$limit" ]; then kill -9 "$PPID"; exit 1; fi
`
}
