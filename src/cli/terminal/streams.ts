import { jsonLine, onlyColours } from '../../report/index.ts'

/** Aborted when nobody reads standard output any more (`evcctl exec … | head`), or it cannot be written. */
const broken = new AbortController()
const brokenErrors = new AbortController()

export const stdoutClosed: AbortSignal = broken.signal

/** If more than this waits to be written, the reader does not keep up, and callers that can wait should wait. Characters. */
const behind = 256 * 1024

/** How much output is kept for a terminal that is stopped with ^S. Characters. */
const keptForTerminal = 1024 * 1024

/** Errors that mean that the reader is gone: EPIPE for a closed pipe, EIO for a closed terminal. */
const leaving = ['EPIPE', 'EIO']

let lost: string | undefined
let dropped = 0

/** Why a part of standard output could not be written, e.g. a full disk. Undefined if nothing is missing or the reader left. */
export function outputLost(): string | undefined {
  return lost
}

/**
 * Keeps output that cannot be written from ending or blocking the process in the middle of its work: on a closed pipe, a
 * full disk or a stopped terminal. By default Node writes to a terminal synchronously, so a stopped terminal would also
 * stop the heartbeats of the lock.
 */
export function guardOutput(): void {
  const guards = [
    [process.stdout, broken],
    [process.stderr, brokenErrors],
  ] as const
  for (const [stream, guard] of guards) {
    // oclif's own listener would end the process on EIO.
    stream.removeAllListeners('error')
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (stream === process.stdout && !leaving.includes(error.code ?? '')) lost ??= error.message
      guard.abort()
    })
    if (stream.isTTY) unblock(stream)
  }
}

// Node has no public API for this. If the internal one is missing, writes stay synchronous.
function unblock(stream: NodeJS.WriteStream): void {
  const { _handle: handle } = stream as unknown as { readonly _handle?: { setBlocking?(blocking: boolean): unknown } }
  handle?.setBlocking?.(false)
}

/**
 * Writes to standard output, unless nobody reads it any more. Control characters except colours are removed and Secrets
 * masked, even if the caller forgot that. Text that a stopped terminal cannot take is counted and dropped.
 */
export function writeOut(text: string): void {
  passOut(onlyColours(text))
}

/** Writes to standard output without changing the text: for JSON, which is safe by itself, and for output the user asked for. */
export function passOut(text: string): void {
  if (broken.signal.aborted) return
  const { stdout } = process
  if (stdout.isTTY && stdout.writableLength > keptForTerminal) {
    if (dropped === 0) stdout.once('drain', tellDropped)
    dropped += text.split('\n').length - 1
    return
  }
  stdout.write(text)
}

function tellDropped(): void {
  process.stdout.write(`(${dropped} lines were left out while the terminal was stopped; the run journal has them)\n`)
  dropped = 0
}

/** Writes to standard error. Control characters except colours are removed and Secrets masked. */
export function writeError(text: string): void {
  passError(onlyColours(text))
}

/** Writes to standard error without changing the text. */
export function passError(text: string): void {
  if (!brokenErrors.signal.aborted) process.stderr.write(text)
}

/** Whether the reader of standard output does not keep up, so that output waits in memory. */
export function isBehind(): boolean {
  return process.stdout.writableLength > behind
}

/** Resolves once the readers of standard output and standard error have caught up or left; undefined if they keep up. */
export function backlog(): Promise<void> | undefined {
  const waiting = ([process.stdout, process.stderr] as const)
    .filter(stream => stream.writableLength > behind)
    .map(stream => caughtUp(stream, stream === process.stdout ? broken.signal : brokenErrors.signal))
  return waiting.length === 0 ? undefined : Promise.all(waiting).then(() => undefined)
}

function caughtUp(stream: NodeJS.WriteStream, left: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      stream.off('drain', done)
      left.removeEventListener('abort', done)
      resolve()
    }
    if (left.aborted) return resolve()
    stream.once('drain', done)
    left.addEventListener('abort', done, { once: true })
  })
}

/** Prints a line on standard output. */
export function printLine(text: string): void {
  writeOut(`${text}\n`)
}

/** Prints a value as one line of JSON on standard output. */
export function printJson(value: unknown): void {
  passOut(`${jsonLine(value)}\n`)
}
