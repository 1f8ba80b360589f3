import { Duplex } from 'node:stream'
import type { Channel } from 'ssh2'
import { describe, expect, it } from 'vitest'
import { forwardedStream } from '../../src/ssh/forwarded.ts'

/** A stream over a line on which others wait; `next` lets it have its turn. */
function waiting(urgent = false) {
  let arrived = 0
  const channel = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      arrived += chunk.length
      done()
    },
  })
  const turns: (() => void)[] = []
  const line = { sent: 0 }
  const stream = forwardedStream(channel as unknown as Channel, {
    turn: urgent ? undefined : () => new Promise(resolve => turns.push(resolve)),
    sent: bytes => {
      line.sent += bytes
    },
  })
  const settled = () => new Promise(setImmediate)
  return {
    stream,
    line,
    settled,
    arrived: () => arrived,
    next: () => {
      turns.shift()?.()
      return settled()
    },
  }
}

describe('what is sent through a jump host', () => {
  it('waits for its turn before anything of it is sent, and is counted when it is', async () => {
    const subject = waiting()
    for (let parts = 0; parts < 2; parts++) subject.stream.write(Buffer.alloc(32 * 1024))
    await subject.settled()
    expect([subject.arrived(), subject.line.sent]).toEqual([0, 0])
    await subject.next()
    expect([subject.arrived(), subject.line.sent]).toEqual([32 * 1024, 32 * 1024])
    await subject.next()
    expect([subject.arrived(), subject.line.sent]).toEqual([64 * 1024, 64 * 1024])
  })

  it('waits for nothing as long as it is little, and is counted', async () => {
    const subject = waiting()
    subject.stream.write(Buffer.alloc(4 * 1024))
    await subject.settled()
    expect([subject.arrived(), subject.line.sent]).toEqual([4 * 1024, 4 * 1024])
    subject.stream.write('x')
    await subject.settled()
    expect(subject.arrived()).toBe(4 * 1024)
  })

  it('waits for nothing when it is urgent, and is counted', async () => {
    const subject = waiting(true)
    for (let parts = 0; parts < 20; parts++) subject.stream.write(Buffer.alloc(4 * 1024))
    await subject.settled()
    expect([subject.arrived(), subject.line.sent]).toEqual([80 * 1024, 80 * 1024])
  })

  it('is not sent when it had to wait until its connection was given up', async () => {
    const subject = waiting()
    subject.stream.write(Buffer.alloc(32 * 1024))
    subject.stream.destroy()
    await subject.next()
    expect([subject.arrived(), subject.line.sent]).toEqual([0, 0])
  })
})
