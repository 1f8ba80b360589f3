import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { quoteAll } from '../../src/shell/quote.ts'
import { devPath, oneHostFile } from './run-cli.ts'

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

// What a command prints at its very end fails after it has ended: `evcctl kubeconfig >FILE` must not look like a success.
test.each([['validate', 'cluster.yaml'], ['--help']])(
  'a full disk fails %s, and the reason is told',
  async (...args) => {
    writeFileSync(
      join(folder, 'cluster.yaml'),
      oneHostFile(22, 'user: me').replace('address: 127.0.0.1', 'address: 192.0.2.1'),
    )
    const child = spawn(process.execPath, [devPath, ...args], {
      cwd: folder,
      stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'],
    })
    const [stderr, [exitCode]] = await Promise.all([text(child.stderr!), once(child, 'close')])
    expect(stderr).toBe(
      'Standard output: a part of it could not be written (ENOSPC: no space left on device, write).\n',
    )
    expect(exitCode).toBe(1)
  },
)
