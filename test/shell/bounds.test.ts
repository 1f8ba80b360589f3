import { describe, expect, it } from 'vitest'
import { limits, usualProbeBytes } from '../../src/core/limits.ts'
import { probeTooLong } from '../../src/core/resource.ts'
import { Decoder } from '../../src/shell/decode.ts'
import { Framer } from '../../src/shell/framing.ts'
import { TooMuch } from '../../src/shell/protocol-error.ts'
import { compileExchange } from '../../src/shell/script.ts'
import { probe } from './local.ts'

const nonce = 'cafe0123'
const begin = `\n${nonce} begin 7 99 5\n`
const small = { ...limits, probeBytes: 1000, answersBytes: 1500, exchangeBytes: 6000, preludeBytes: 500 }

function decoder(): Decoder {
  const script = compileExchange({ jobs: [], probes: ['a', 'b', 'c', 'd'].map(text => probe(text)) }, nonce)
  return new Decoder(script, 0, { limits: small })
}

function reasonOf(work: () => void): string {
  try {
    work()
  } catch (error) {
    if (error instanceof TooMuch) return `${error.message}: ${error.expected}`
    throw error
  }
  return 'nothing'
}

describe('what a host sends', () => {
  it('may not hold a marker line open: it is refused before it is kept', () => {
    const bodies: number[] = []
    const framer = new Framer(nonce, {
      body: bytes => bodies.push(bytes.length),
      lineEnd: () => undefined,
      mark: () => undefined,
    })
    framer.push(Buffer.from(`x\n${nonce} probe `))
    framer.push(Buffer.from('0'.repeat(200)))
    expect(reasonOf(() => framer.push(Buffer.from('0'.repeat(200))))).toBe(
      'a line of evcctl’s own protocol is too long: at most 256 bytes',
    )
    expect(bodies).toEqual([1])
  })

  it('may not send a marker line that is long and ends', () => {
    const text = Buffer.from(`\n${nonce} ${'1 '.repeat(300)}\n`)
    expect(reasonOf(() => decoder().feed('stdout', text))).toContain('at most 256 bytes')
  })

  it('is bounded before the script begins, and in sum over both streams', () => {
    const noisy = decoder()
    noisy.feed('stderr', Buffer.alloc(500, 'x'))
    expect(reasonOf(() => noisy.feed('stderr', Buffer.alloc(1, 'x')))).toBe(
      'what is printed before the script begins is too long: at most 500 bytes',
    )
    const many = decoder()
    const part = Buffer.from(`${begin}${'x'.repeat(900)}\n${nonce} probe 0 0\n`)
    many.feed('stdout', part)
    expect(reasonOf(() => many.feed('stderr', part))).toContain('what its probes printed is too long')
  })

  it('is not kept beyond what the probe may print that runs, from however many hosts it comes', () => {
    const chunk = Buffer.alloc(1024 * 1024, 'x')
    const before = process.memoryUsage().arrayBuffers
    const hosts = Array.from({ length: 40 }, () => {
      const jobs = [{ steps: [{ run: ':' }], verify: probe('a') }]
      const script = compileExchange(
        { jobs, probes: [{ ...probe('b'), timeoutMs: 20_000, maxBytes: 10 }, probe('c')] },
        nonce,
      )
      const subject = new Decoder(script, 1)
      const pour = (text: string): void => {
        subject.feed('stdout', Buffer.from(text))
        for (let i = 0; i < 8; i++) subject.feed('stdout', chunk)
      }
      pour(`${begin}\n${nonce} job 0\n\n${nonce} step 0 0 0\n\n${nonce} check\n`)
      pour(`\n${nonce} verify 0 0\n`)
      pour(`\n${nonce} probe 1 0\n`)
      // Output after the last probe belongs to nobody.
      pour(`\n${nonce} probe 0 0\n`)
      return subject
    })
    // At most 256 KiB are kept of each; what was dropped may not be garbage-collected yet.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(hosts.length * 2 * 1024 * 1024)
  })

  it('is too long where a host answers in another order, so that less was kept than the probe may print', () => {
    const large = { ...probe('b'), timeoutMs: 20_000, maxBytes: 10_000 }
    const script = compileExchange({ jobs: [], probes: [{ ...probe('a'), maxBytes: 10 }, large] }, nonce)
    const subject = new Decoder(script, 0)
    const said = `${'x'.repeat(100)}\n${nonce} probe`
    const text = `${begin}${said} 1 0\n${said} 0 0\n\n${nonce} end\n`
    for (const stream of ['stdout', 'stderr'] as const) subject.feed(stream, Buffer.from(text))
    expect(subject.reply().results.map(({ exitCode }) => exitCode)).toEqual([probeTooLong, probeTooLong])
  })

  it.each(['stdout', 'stderr'] as const)(
    'is cut on %s where one probe prints more than it may, and the others are read all the same',
    stream => {
      const probes = ['a', 'b', 'c'].map(text => probe(text))
      const script = compileExchange(
        { jobs: [], probes: [probes[0]!, { ...probes[1]!, maxBytes: 2 * usualProbeBytes }, probes[2]!] },
        nonce,
      )
      const subject = new Decoder(script, 0)
      const long = 'x'.repeat(usualProbeBytes + 1)
      for (const name of ['stdout', 'stderr'] as const) {
        const text = name === stream ? long : 'short'
        const answers = [text, text, 'short'].map((said, index) => `${said}\n${nonce} probe ${index} 0\n`)
        subject.feed(name, Buffer.from(`${begin}${answers.join('')}\n${nonce} end\n`))
      }
      const [first, second, third] = subject.reply().results
      expect(first?.exitCode).toBe(probeTooLong)
      expect(first?.[stream]).toBe('x'.repeat(1024))
      // A probe that asks for more room gets it on stdout only.
      if (stream === 'stdout') expect(second).toMatchObject({ exitCode: 0, stdout: long })
      else expect(second).toMatchObject({ exitCode: probeTooLong, stderr: 'x'.repeat(1024) })
      expect(third).toEqual({ exitCode: 0, stdout: 'short', stderr: 'short' })
    },
  )

  it('goes on being counted on a stream that has ended while the other has not', () => {
    const subject = decoder()
    subject.feed('stdout', Buffer.from(`${begin}\n${nonce} end\n`))
    expect(reasonOf(() => subject.feed('stdout', Buffer.alloc(6000, 'x')))).toContain('its reply is too long')
  })

  it('takes no more memory in small pieces than in large ones', () => {
    const subject = new Decoder(compileExchange({ jobs: [], probes: [probe('a')] }, nonce), 0)
    const packet = Buffer.alloc(32 * 1024, 'x')
    subject.feed('stdout', Buffer.from(begin))
    const before = process.memoryUsage()
    for (let at = 0; at < 2_000_000; at++) subject.feed('stdout', packet.subarray(at % 1000, (at % 1000) + 1))
    const after = process.memoryUsage()
    const grown = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers
    expect(grown).toBeLessThan(100 * 1024 * 1024)
  })
})
