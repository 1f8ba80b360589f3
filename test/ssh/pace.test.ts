import { describe, expect, it } from 'vitest'
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
    // Nothing large is sent before the first answer: see Connection.forward().
    while (now > roundTripMs && !pace.isFull) {
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

/** Sends until nothing more may be under way, or 100 MiB were sent; returns how much was sent, bytes. */
function fill(pace: Pace): number {
  let sent = 0
  for (; !pace.isFull && sent < 100 * 1024 * 1024; sent += packet) pace.add(packet)
  return sent
}

describe('a side that does not answer', () => {
  it('at all holds nothing up, and is not asked again and again', () => {
    let asked = 0
    const pace = new Pace(() => asked++)
    expect(fill(pace)).toBe(100 * 1024 * 1024)
    expect(asked).toBeLessThan(20)
  })

  it('any more holds things up for a while, and again as soon as it answers', () => {
    let now = 0
    const questions: (() => void)[] = []
    const pace = new Pace(
      answered => questions.push(answered),
      () => now,
    )
    questions.shift()!()
    expect(fill(pace)).toBe(256 * 1024)
    now += 7_999
    expect(pace.isFull).toBe(true)
    now += 1
    expect(fill(pace)).toBe(100 * 1024 * 1024)
    questions.shift()!()
    expect(pace.isFull).toBe(true)
  })
})
