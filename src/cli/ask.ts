import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { exitCodes, UserError } from '../core/errors.ts'
import { Secret } from '../core/secret.ts'

/** Whether there is somebody to ask. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stdout.isTTY === true
}

/** Asks once; anything but yes is a no, and so is the end of the input. ^C raises UserError with exit code 130. */
export async function confirm(question: string): Promise<boolean> {
  const answer = await readLine(`${question} [y/N] `, process.stdout)
  return /^y(es)?$/i.test(answer.trim())
}

/** Whether there is somebody to ask for secrets; standard output may go elsewhere. */
export function canAskSecrets(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true
}

/** Asks for a secret on standard error without showing what is typed. ^C raises UserError with exit code 130. */
export async function askSecret(question: string): Promise<Secret> {
  process.stderr.write(`${question}: `)
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  try {
    return new Secret(await readLine('', silent), question)
  } finally {
    process.stderr.write('\n')
  }
}

function readLine(question: string, output: NodeJS.WritableStream): Promise<string> {
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: process.stdin, output, terminal: true, historySize: 0 })
    let answer = ''
    lines.on('close', () => resolve(answer))
    lines.on('SIGINT', () => {
      output.write('\n')
      reject(new UserError({ problem: 'Stopped by ^C. Nothing was written.' }, { exitCode: exitCodes.cancelled }))
      lines.close()
    })
    lines.question(question, text => {
      answer = text
      lines.close()
    })
  })
}
