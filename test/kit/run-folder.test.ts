import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { removeLeftovers } from './run-folder.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kit-run-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('all temporary files of a run are in one folder', () => {
  expect(basename(tmpdir())).toMatch(/^evcctl-tests-\d+$/)
})

test('of a run that was killed, folder and processes are removed; a run that is under way keeps both', async () => {
  const dead = join(folder, `evcctl-tests-${2 ** 22 + 1}`)
  const live = join(folder, `evcctl-tests-${process.pid}`)
  for (const one of [dead, live]) mkdirSync(one)
  writeFileSync(join(dead, 'file'), 'x')
  mkdirSync(join(folder, 'evcctl-tests-of-somebody'))
  const start = (of: string) => spawn('sleep', ['60'], { env: { ...process.env, TMPDIR: of } })
  const [lost, kept] = [start(dead), start(live)]
  const ended = once(lost, 'exit')
  await Promise.all([once(lost, 'spawn'), once(kept, 'spawn')])
  removeLeftovers(folder)
  expect(await ended).toEqual([null, 'SIGKILL'])
  expect(kept.exitCode ?? kept.signalCode).toBeNull()
  expect([dead, live, join(folder, 'evcctl-tests-of-somebody')].map(existsSync)).toEqual([false, true, true])
  kept.kill('SIGKILL')
})
