import { spawn } from 'node:child_process'
import { stripVTControlCharacters } from 'node:util'
import { quoteAll } from '../../src/shell/quote.ts'

/** What is typed once the terminal shows something: `[shown, typed]`. */
export type Answer = readonly [shown: string | RegExp, typed: string]

export interface TerminalResult {
  readonly exitCode: number | null
  /** All that the terminal has shown, without escape sequences. */
  readonly screen: string
}

/**
 * Runs a command on a pseudo-terminal of util-linux' script(1) and answers its questions in order. One that does not
 * come leaves the command waiting: the test's time-out ends it.
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
    child.on('close', exitCode => resolve({ exitCode, screen }))
  })
}
