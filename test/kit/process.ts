import { type SpawnOptions, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface RunOptions {
  readonly cwd?: string
  /** Added to this process's own environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Called for every line of standard error at once. */
  readonly onErrorLine?: (line: string) => void
  /** Aborting it ends the process and rejects the run. */
  readonly signal?: AbortSignal
}

/** The number of lines of standard error, the last ones, in an error. */
const keptErrorLines = 25

/**
 * Runs a program to its end, without a shell.
 *
 * @returns its standard output, with no newline at the end
 * @throws Error with the command, how it ended and its last error lines
 */
export async function run(command: readonly [string, ...string[]], options: RunOptions = {}): Promise<string> {
  const [program, ...args] = command
  const settings: SpawnOptions = { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...options.env } }
  if (options.cwd !== undefined) settings.cwd = options.cwd
  if (options.signal !== undefined) settings.signal = options.signal
  const child = spawn(program, args, settings)
  const errorLines: string[] = []
  const errors = createInterface({ input: child.stderr! })
  errors.on('line', line => {
    errorLines.push(line)
    if (errorLines.length > keptErrorLines) errorLines.shift()
    options.onErrorLine?.(line)
  })
  const output: Buffer[] = []
  child.stdout!.on('data', (chunk: Buffer) => output.push(chunk))
  const ended = await new Promise<string>((resolve, reject) => {
    child.on('error', error => reject(new Error(`cannot run ${program}: ${error.message}`, { cause: error })))
    child.on('close', (code, signal) => resolve(code === 0 ? '' : signal ? `signal ${signal}` : `exit code ${code}`))
  })
  if (ended === '') return Buffer.concat(output).toString('utf8').trimEnd()
  throw new Error(`${command.join(' ')}\nended with ${ended}:\n${errorLines.join('\n')}`)
}

/** Whether a program of this name is on PATH. */
export async function isInstalled(program: string): Promise<boolean> {
  return run(['which', program]).then(
    () => true,
    () => false,
  )
}

/** Whether a process with this ID exists, of any user. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: the process exists and belongs to another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
