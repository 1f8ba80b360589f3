import { expect, it } from 'vitest'
import { Pace } from '../../src/ssh/pace.ts'

const packet = 32 * 1024

/** A line with `bytesPerMs`, and the most that was under way on it while files were sent for `forMs`. */
function sendOver(bytesPerMs: number, roundTripMs: number, forMs: number) {
  let now = 0
  let queued = 0
  let sent = 0
  let mostMs = 0
  const answers: { at: number; answered: () => void }[] = []
  const pace = new Pace(
    answered => answers.push({ at: now + roundTripMs + queued / bytesPerMs, answered }),
    () => now,
  )
  for (; now < forMs; now++) {
    queued = Math.max(0, queued - bytesPerMs)
    while (answers[0] !== undefined && answers[0].at <= now) answers.shift()!.answered()
    while (!pace.isFull) {
      queued += packet
      sent += packet
      pace.add(packet)
    }
    if (now > forMs / 2) mostMs = Math.max(mostMs, queued / bytesPerMs)
  }
  return { ofLine: sent / (forMs * bytesPerMs), mostMs }
}

it.each([
  ['100 KB/s', 100, 50],
  ['500 KB/s', 500, 50],
  ['2 MB/s', 2_000, 300],
  ['100 MB/s', 100_000, 1],
  ['100 MB/s', 100_000, 100],
])('a line of %s is used up, and what is short gets through within two seconds', (_what, bytesPerMs, roundTripMs) => {
  const { ofLine, mostMs } = sendOver(bytesPerMs, roundTripMs, 60_000)
  expect(ofLine).toBeGreaterThan(0.9)
  expect(mostMs).toBeLessThan(2_000)
})

it('what the other side never answers to does not get any further', () => {
  const pace = new Pace(() => undefined)
  let sent = 0
  for (; !pace.isFull; sent += packet) pace.add(packet)
  expect(sent).toBe(256 * 1024)
})
