import { spawn } from 'node:child_process'
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { quoteAll } from '../../src/shell/quote.ts'

const streams = fileURLToPath(new URL('../../src/cli/terminal/streams.ts', import.meta.url))
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evcctl-output-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** A program that prints without end and counts, in a file, how often its clock ticked; it ends after 100 ticks. */
function printing(): readonly string[] {
  const file = join(folder, 'printing.ts')
  writeFileSync(
    file,
    `import { writeFileSync } from 'node:fs'
import { guardOutput, outputLost, writeOut } from ${JSON.stringify(streams)}
guardOutput()
let ticks = 0
const timer = setInterval(() => {
  writeOut('x'.repeat(20_000) + '\\n')
  writeFileSync(${JSON.stringify(join(folder, 'ticks'))}, String(++ticks))
  if (ticks < 100) return
  clearInterval(timer)
  writeFileSync(${JSON.stringify(join(folder, 'end'))}, JSON.stringify({ lost: outputLost() ?? null, kept: process.stdout.writableLength }))
}, 5)
`,
  )
  return [process.execPath, file]
}

const read = (name: string): string => {
  try {
    return readFileSync(join(folder, name), 'utf8')
  } catch {
    return ''
  }
}

test('a terminal that is stopped does not stop the program, and what is kept for it is bounded', async () => {
  const child = spawn('script', ['-qec', quoteAll(printing()), '/dev/null'], { stdio: ['ignore', 'pipe', 'inherit'] })
  // Nobody reads what the terminal shows, as after ^S.
  child.stdout.pause()
  await vi.waitFor(() => expect(read('end')).not.toBe(''), { timeout: 30_000 })
  expect((JSON.parse(read('end')) as { kept: number }).kept).toBeLessThan(1_200_000)
  child.kill('SIGKILL')
})

test('a pipe that is closed does not stop the program', async () => {
  const [command = '', ...args] = printing()
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await vi.waitFor(() => expect(Number(read('ticks'))).toBeGreaterThan(1), { timeout: 30_000 })
  child.stdout.destroy()
  await vi.waitFor(() => expect(JSON.parse(read('end'))).toMatchObject({ lost: null }), { timeout: 30_000 })
})

test('a full disk behind standard output does not stop the program, which knows that something is missing', async () => {
  const [command = '', ...args] = printing()
  spawn(command, args, { stdio: ['ignore', openSync('/dev/full', 'w'), 'inherit'] })
  await vi.waitFor(() => expect((JSON.parse(read('end')) as { lost: string }).lost).toContain('ENOSPC'), {
    timeout: 30_000,
  })
})
