import { jsonLine, onlyColours } from '../../report/index.ts'

/** Aborted when nobody reads standard output any more (`evcctl exec … | head`), or it cannot be written. */
const broken = new AbortController()
const brokenErrors = new AbortController()

export const stdoutClosed: AbortSignal = broken.signal

/** More than this and whoever can wait is to: the reader does not keep up, characters. */
const behind = 256 * 1024

/** A terminal that is stopped (^S) shows nothing; up to so much of what it is to show is kept, characters. */
const keptForTerminal = 1024 * 1024

/** The reader has left: EPIPE is a closed pipe, EIO a terminal that is gone. */
const leaving = ['EPIPE', 'EIO']

let lost: string | undefined
let dropped = 0

/** Why a part of standard output is missing although somebody was to read it, e.g. a full disk; undefined as a rule. */
export function outputLost(): string | undefined {
  return lost
}

/**
 * Output that cannot be written must not end or hold up the process in the middle of its work: a closed pipe, a full disk, a
 * terminal that is stopped. Writes to a terminal are synchronous in Node, so that one that is stopped would stop the
 * heartbeats of the lock as well.
 */
export function guardOutput(): void {
  const guards = [
    [process.stdout, broken],
    [process.stderr, brokenErrors],
  ] as const
  for (const [stream, guard] of guards) {
    // oclif's own listener lets EIO end the process.
    stream.removeAllListeners('error')
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (stream === process.stdout && !leaving.includes(error.code ?? '')) lost ??= error.message
      guard.abort()
    })
    if (stream.isTTY) unblock(stream)
  }
}

// There is no public way; without this one, writes stay synchronous.
function unblock(stream: NodeJS.WriteStream): void {
  const { _handle: handle } = stream as unknown as { readonly _handle?: { setBlocking?(blocking: boolean): unknown } }
  handle?.setBlocking?.(false)
}

/**
 * Writes to standard output, unless nobody reads it any more: colours, and no other control character or Secret, whatever
 * whoever made the text forgot. What a stopped terminal cannot take is counted and left out.
 */
export function writeOut(text: string): void {
  passOut(onlyColours(text))
}

/** Writes to standard output what is to arrive as it is: JSON, which is safe by itself, and what was asked for as it is. */
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

/** Writes to standard error, likewise. */
export function writeError(text: string): void {
  passError(onlyColours(text))
}

/** Writes to standard error what is to arrive as it is. */
export function passError(text: string): void {
  if (!brokenErrors.signal.aborted) process.stderr.write(text)
}

/** Whether the reader of standard output does not keep up: what is written now waits in memory. */
export function isBehind(): boolean {
  return process.stdout.writableLength > behind
}

/** Ends once the readers of standard output and standard error have caught up or left; undefined where they keep up. */
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

/** A line on standard output. */
export function printLine(text: string): void {
  writeOut(`${text}\n`)
}

/** One line of JSON. */
export function printJson(value: unknown): void {
  passOut(`${jsonLine(value)}\n`)
}
