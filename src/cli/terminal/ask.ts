import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { exitCodes, UserError } from '../../core/errors.ts'
import { Secret } from '../../core/secret.ts'
import { writeError } from './streams.ts'

/** Whether standard input and output are a terminal, so that a person can be asked. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stdout.isTTY === true
}

/**
 * Asks once. Anything but yes means no, and so does the end of the input. ^C and `signal` raise UserError with exit code
 * 130, or the reason of the signal if that is a UserError.
 */
export async function confirm(
  question: string,
  { output = process.stdout, signal }: { readonly output?: NodeJS.WritableStream; readonly signal?: AbortSignal } = {},
): Promise<boolean> {
  const answer = await readLine(`${question} [y/N] `, output, signal)
  return /^y(es)?$/i.test(answer.trim())
}

/** Asks once for a word that has to be typed as it is. Anything else means no. For the rest see confirm(). */
export async function confirmWord(question: string, word: string, signal?: AbortSignal): Promise<boolean> {
  return (await readLine(`${question}: `, process.stdout, signal)).trim() === word
}

/** Whether a person can be asked for secrets. Standard output need not be a terminal for that. */
export function canAskSecrets(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true
}

/** Asks for a secret on standard error without showing what is typed. ^C raises UserError with exit code 130. */
export async function askSecret(question: string, signal?: AbortSignal): Promise<Secret> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  try {
    // The terminal's echo is off from here on. The question is printed after that, or a quick answer would be shown.
    const answer = readLine('', silent, signal)
    writeError(`${question}: `)
    return new Secret(await answer, question)
  } finally {
    writeError('\n')
  }
}

function readLine(question: string, output: NodeJS.WritableStream, signal?: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: process.stdin, output, terminal: true, historySize: 0 })
    let answer = ''
    const stop = (): void => {
      output.write('\n')
      reject(signal?.reason instanceof UserError ? signal.reason : stopped())
      lines.close()
    }
    lines.on('close', () => {
      signal?.removeEventListener('abort', stop)
      resolve(answer)
    })
    lines.on('SIGINT', stop)
    // Another signal, such as one from `kill`, also ends the question.
    signal?.addEventListener('abort', stop, { once: true })
    if (signal?.aborted === true) {
      stop()
      return
    }
    lines.question(question, text => {
      answer = text
      lines.close()
    })
  })
}

function stopped(): UserError {
  return new UserError({ problem: 'Stopped. Nothing was written.' }, { exitCode: exitCodes.cancelled })
}
