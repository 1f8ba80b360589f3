import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { quoteAll } from '../../src/shell/quote.ts'

const reports = fileURLToPath(new URL('../../src/report/index.ts', import.meta.url))
const hide = '\u001b[?25l'
const show = '\u001b[?25h'
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evcctl-stopped-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** A program with a live picture on a terminal of a shell with job control; what the terminal shows is collected. */
function onTerminal() {
  const file = join(folder, 'live.ts')
  writeFileSync(
    file,
    `import { writeFileSync } from 'node:fs'
import { createPaint, ttyReporter } from ${JSON.stringify(reports)}
writeFileSync(${JSON.stringify(join(folder, 'pid'))}, String(process.pid))
const reporter = ttyReporter(process.stdout, { paint: createPaint(false) })
reporter.show({ at: Date.now(), type: 'run:start', run: 'r', command: 'apply', cluster: 'lab', hosts: ['cp1'] })
setTimeout(() => reporter.end(), 60_000)
`,
  )
  // Interactive: only then is the program a job that can be stopped, and the prompt tells when it is.
  const shell = ['bash', '--norc', '--noprofile', '-i']
  const child = spawn('script', ['-qec', quoteAll(shell), '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, PS1: 'prompt> ' },
  })
  const seen = { text: '' }
  child.stdout.on('data', chunk => {
    seen.text += String(chunk)
  })
  child.stdin.write(`${quoteAll([process.execPath, file])}\n`)
  return { child, seen }
}

const state = () => {
  try {
    return readFileSync(`/proc/${readFileSync(join(folder, 'pid'), 'utf8')}/stat`, 'utf8').replace(
      /^.*\) (.).*$/s,
      '$1',
    )
  } catch {
    return ''
  }
}
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 30_000, interval: 20 })

test('^Z gives the cursor back before the program stops, and fg draws the picture anew', async () => {
  const { child, seen } = onTerminal()
  await eventually(() => expect(seen.text).toContain(hide))
  child.stdin.write('\u001a')
  await eventually(() => expect(state()).toBe('T'))
  await eventually(() => expect(seen.text).toContain('Stopped'))
  const untilStopped = seen.text.slice(0, seen.text.indexOf('Stopped'))
  expect(untilStopped.lastIndexOf(show)).toBeGreaterThan(untilStopped.lastIndexOf(hide))
  const before = seen.text.length
  child.stdin.write('fg\n')
  await eventually(() => expect(seen.text.slice(before)).toContain(hide))
  await eventually(() => expect(seen.text.slice(before)).toContain('lab  0:'))
  // A second time as well.
  const again = seen.text.length
  child.stdin.write('\u001a')
  await eventually(() => expect(seen.text.slice(again)).toContain('Stopped'))
  expect(seen.text.slice(again)).toContain(show)
  child.stdin.write('kill -9 %1\n')
  await eventually(() => expect(state()).not.toBe('T'))
  child.stdin.write('exit\nexit\n')
  child.kill('SIGKILL')
})

test('who was stopped by SIGSTOP writes over nothing that the shell has shown meanwhile', async () => {
  const { child, seen } = onTerminal()
  await eventually(() => expect(seen.text).toContain(hide))
  process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')), 'SIGSTOP')
  await eventually(() => expect(seen.text).toContain('Stopped'))
  const before = seen.text.length
  child.stdin.write('fg\n')
  await eventually(() => expect(seen.text.slice(before)).toContain('lab  0:'))
  const picture = seen.text.slice(before, seen.text.indexOf('lab  0:', before))
  expect(picture).not.toMatch(/\u001b\[\d+A/)
  process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')), 'SIGKILL')
  child.kill('SIGKILL')
})
