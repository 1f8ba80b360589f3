import { spawn } from 'node:child_process'
import { stripVTControlCharacters } from 'node:util'
import { quoteAll } from '../../src/shell/quote.ts'

const longestMs = 60_000

/** What is typed once the terminal shows something: `[shown, typed]`. */
export type Answer = readonly [shown: string | RegExp, typed: string]

export interface TerminalResult {
  readonly exitCode: number | null
  /** All that the terminal has shown, without escape sequences. */
  readonly screen: string
}

/**
 * Runs a command on a pseudo-terminal of util-linux' script(1) and answers its questions in order. Rejects with what
 * the screen showed when it has not ended after a minute, as when a question does not come.
 */
export function runInTerminal(
  command: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly answers: readonly Answer[] },
): Promise<TerminalResult> {
  const child = spawn('script', ['-qec', quoteAll(command), '/dev/null'], { cwd: options.cwd, env: options.env })
  const answers = [...options.answers]
  let screen = ''
  let seen = 0
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += stripVTControlCharacters(text).replaceAll('\r', '')
    for (let answer = answers[0]; answer !== undefined; answer = answers[0]) {
      const [shown, typed] = answer
      const at = typeof shown === 'string' ? screen.indexOf(shown, seen) : screen.slice(seen).search(shown)
      if (at < 0) return
      seen = screen.length
      answers.shift()
      child.stdin.write(typed)
    }
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`no end after ${longestMs / 1000} s; ${answers.length} answers left; the screen:\n${screen}`))
    }, longestMs)
    child.on('close', exitCode => {
      clearTimeout(timer)
      resolve({ exitCode, screen })
    })
  })
}
