import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { thisController } from '../../src/engine/controller.ts'
import { withLock } from '../../src/engine/lock.ts'
import { fakeRun } from './fake.ts'
import { LocalPool } from './local-pool.ts'

let folder: string
const pool = new LocalPool()
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evcctl-lock-'))
  pool.localise = (host, script) => script.replaceAll(folder, join(folder, host))
  for (const host of ['h1', 'h2', 'h3', 'w1']) mkdirSync(join(folder, host))
})
afterEach(() => rmSync(folder, { recursive: true }))

const options = (id: string, waitMs: number) => ({
  id,
  ...{ paths: { run: join(folder, 'run'), state: join(folder, 'state') }, waitMs, pollMs: 20, heartbeatMs: 50 },
  holder: { ...thisController(id), machine: id, controller: id },
})

test.each([
  ['has more control plane nodes', ['h1'], ['h1', 'h2', 'h3']],
  ['has a tie breaker', ['h1'], ['h1', 'h2', 'w1']],
  ['has its nodes in another order', ['h1', 'h2', 'h3'], ['h3', 'h1', 'h2']],
])('a run is waited for by one whose cluster file %s', async (_what, former, later) => {
  const order: string[] = []
  const entered = Promise.withResolvers<void>()
  const leave = Promise.withResolvers<void>()
  const first = withLock(former, fakeRun(pool), options('first', 0), async () => {
    order.push('first in')
    entered.resolve()
    await leave.promise
    order.push('first out')
  })
  await entered.promise
  await expect(
    withLock(later, fakeRun(pool), options('impatient', 300), async () => order.push('in')),
  ).rejects.toThrow()
  const second = withLock(later, fakeRun(pool), options('second', 60_000), async () => order.push('second in'))
  leave.resolve()
  await Promise.all([first, second])
  expect(order).toEqual(['first in', 'first out', 'second in'])
})
