import { expect, test } from 'vitest'
import { takenOver } from '../../src/engine/lock-errors.ts'

const state = { generation: 4, counted: 4, heartbeatAgeMs: 1000, busy: false }
const holder = { run: 'next', user: 'ana', machine: 'm', controller: 'laptop-7', pid: 31, since: 0 }

test('a run whose lock was taken over names the other run, and whether there is anything to wait for', () => {
  expect(takenOver('cp1', { ...state, holder }).details).toMatchObject({
    actual: expect.stringMatching(/^a lock of ana on laptop-7 \(pid 31\)/),
    next: expect.stringMatching(/^Wait until that run has ended/),
  })
  expect(takenOver('cp1', state).details).toMatchObject({
    actual: 'that run has ended by now',
    next: expect.stringMatching(/^Start this one again/),
  })
})
