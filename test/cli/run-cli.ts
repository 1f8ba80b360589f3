import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { PJSON } from '@oclif/core/interfaces'
import { vi } from 'vitest'
import type * as Main from '../../src/cli/main.ts'

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')
/** The command line that runs the sources. */
export const devPath = `${root}/bin/dev.js`

// oclif loads the commands with Node's own import; taken through vitest's, main.ts would know other classes than they.
const { main } = createRequire(import.meta.url)('../../src/cli/main.ts') as typeof Main

/** How a process of the command line ended. */
export interface CliResult {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface CliOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** Called with all of standard output so far, each time some comes. */
  readonly onStdout?: (text: string, child: { kill(signal: NodeJS.Signals): void }) => void
}

/** Has a process take what one before it has compiled: it starts in half of the time. */
const compiled = { NODE_COMPILE_CACHE: join(tmpdir(), 'evcctl-compiled') }

/** Runs evcctl from its sources, without a terminal. Its state and its home are in the folder it runs in. */
export function runCli(args: readonly string[], options: CliOptions): Promise<CliResult> {
  const { PATH, TMPDIR } = process.env
  const env = {
    PATH,
    TMPDIR,
    HOME: options.cwd,
    XDG_STATE_HOME: join(options.cwd, 'state'),
    ...compiled,
    ...options.env,
  }
  const child = spawn(process.execPath, [devPath, ...args], {
    cwd: options.cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    options.onStdout?.(stdout, { kill: signal => child.kill(signal) })
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (exitCode, signal) => resolve({ exitCode, signal, stdout, stderr }))
  })
}

/**
 * The same within this process, which is many times as fast: for all that needs no process of its own. One at a time,
 * because the folder and what is printed belong to the whole process.
 */
export async function callCli(args: readonly string[], cwd: string): Promise<Omit<CliResult, 'signal'>> {
  const before = process.cwd()
  const texts = { stdout: '', stderr: '' }
  const spies = (['stdout', 'stderr'] as const).map(name =>
    vi.spyOn(process[name], 'write').mockImplementation(chunk => {
      texts[name] += String(chunk)
      return true
    }),
  )
  // oclif prints its help by console.log, which vitest keeps for itself.
  const log = vi.spyOn(console, 'log').mockImplementation(line => {
    texts.stdout += `${line}\n`
  })
  process.chdir(cwd)
  // Of a process of its own main keeps the last word on exceptions; here they are vitest's.
  const listeners = process.listeners('uncaughtException')
  try {
    await main(args, { root, pjson: sourcesPjson() })
    return { exitCode: Number(process.exitCode ?? 0), ...texts }
  } finally {
    for (const listener of process.listeners('uncaughtException'))
      if (!listeners.includes(listener)) process.off('uncaughtException', listener)
    process.exitCode = undefined
    process.chdir(before)
    for (const spy of [log, ...spies]) spy.mockRestore()
  }
}

// As bin/dev.js does it.
function sourcesPjson(): PJSON {
  const pjson = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'))
  pjson.oclif.commands.target = './src/cli/index.ts'
  return pjson
}

/** A folder of its own that is removed afterwards. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'evcctl-cli-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** Text of a cluster.yaml with one host on this machine: its port, and how one logs in to it. */
export function oneHostFile(port: number, ssh: string): string {
  return `apiVersion: evcctl.dev/v1alpha1
kind: Cluster
metadata: {name: lab}
spec:
  ssh: {agent: false, ${ssh}}
  hosts:
    - {name: cp1, address: 127.0.0.1, privateAddress: 192.0.2.1, roles: [control-plane], ssh: {port: ${port}}}
`
}
