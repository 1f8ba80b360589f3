/** Aborted when nobody reads standard output any more (`evcctl exec … | head`). */
const brokenPipe = new AbortController()

export const stdoutClosed: AbortSignal = brokenPipe.signal

/**
 * Output that nobody reads any more must not end the process in the middle of its work: EPIPE is a closed pipe, EIO a
 * terminal that is gone.
 */
export function guardOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    // oclif's own listener lets EIO end the process.
    stream.removeAllListeners('error')
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error
      if (stream === process.stdout) brokenPipe.abort()
    })
  }
}

/** Writes to standard output, unless nobody reads it any more. */
export function writeOut(text: string): void {
  if (!brokenPipe.signal.aborted) process.stdout.write(text)
}

/** The same with a line break. */
export function printLine(text: string): void {
  writeOut(`${text}\n`)
}

/** One line of JSON. */
export function printJson(value: unknown): void {
  writeOut(`${JSON.stringify(value)}\n`)
}
