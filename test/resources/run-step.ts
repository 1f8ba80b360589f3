import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Step } from '../../src/core/index.ts'

/** What a step came to, and the file `log` of the folder in which its programs ran, line by line. */
export interface Ran {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
  readonly log: readonly string[]
}

/**
 * Runs a step with stand-ins for programs, each the text of a sh script that begins in a folder of its own. `sleep` takes no
 * time, and programs of /usr/local/bin are found by their names.
 */
export function runStep(step: Step | undefined, programs: Readonly<Record<string, string>>): Ran {
  if (step === undefined || !('run' in step)) throw new Error('expected a run step')
  const folder = mkdtempSync(join(tmpdir(), 'evcctl-step-'))
  try {
    for (const [name, text] of Object.entries({ sleep: ':', ...programs })) {
      writeFileSync(join(folder, name), `#!/bin/sh\ncd ${folder} || exit 9\n${text}\n`)
      chmodSync(join(folder, name), 0o755)
    }
    const script = step.run.replaceAll('/usr/local/bin/', '').replaceAll('/run/evcctl/', `${folder}/run-`)
    const env = { PATH: `${folder}:${process.env.PATH}`, LC_ALL: 'C' }
    const { status, stdout, stderr } = spawnSync('/bin/sh', ['-euc', script], {
      env,
      encoding: 'utf8',
      timeout: 60_000,
    })
    const log = join(folder, 'log')
    return { status, stdout, stderr, log: existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [] }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
