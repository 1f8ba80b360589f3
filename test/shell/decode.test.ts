import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ExchangeRequest } from '../../src/core/host.ts'
import { limits } from '../../src/core/limits.ts'
import { probeTooLong } from '../../src/core/resource.ts'
import { Decoder, type DecoderHooks } from '../../src/shell/decode.ts'
import { ProtocolError } from '../../src/shell/protocol-error.ts'
import { compileExchange } from '../../src/shell/script.ts'
import { probe } from './local.ts'

const nonce = 'cafe0123'

function decoder(request: ExchangeRequest, hooks?: DecoderHooks): Decoder {
  return new Decoder(compileExchange(request, nonce), request.jobs.length, hooks)
}

const twoProbes: ExchangeRequest = { jobs: [], probes: [probe('a'), probe('b')] }
const oneJob: ExchangeRequest = { jobs: [{ steps: [{ run: 'x' }, { run: 'y' }], verify: probe('v') }], probes: [] }
const begin = `\n${nonce} begin 7 99 5\n`
const end = `\n${nonce} end\n`

function feed(target: Decoder, stdout: string, stderr = ''): void {
  target.feed('stdout', Buffer.from(stdout))
  target.feed('stderr', Buffer.from(stderr))
}

describe('Decoder', () => {
  it('gives the same reply however the streams are cut', () => {
    const output = fc.string({ unit: 'binary', maxLength: 60 })
    // Output that looks like our markers must come through as output; only the nonce at the start of a line is ours.
    const nearly = fc.constantFrom(`\n${nonce}`, `\n${nonce.slice(0, 5)}`, '\n', `${nonce} probe 0 0\n`, '\n\n')
    const text = fc
      .array(fc.oneof(output, nearly), { maxLength: 6 })
      .map(parts => parts.join('').toWellFormed())
      .filter(all => !`\n${all}`.includes(`\n${nonce} `))
    fc.assert(
      fc.property(text, text, fc.array(fc.nat({ max: 400 }), { maxLength: 20 }), (first, second, cuts) => {
        const subject = decoder(twoProbes)
        const stream = Buffer.from(`noise${begin}${first}\n${nonce} probe 0 3\n${second}\n${nonce} probe 1 0\n${end}`)
        const at = [...cuts, stream.length].map(cut => Math.min(cut, stream.length)).sort((a, b) => a - b)
        let from = 0
        for (const to of at) {
          subject.feed('stdout', stream.subarray(from, to))
          from = to
        }
        subject.feed('stderr', Buffer.from(`${begin}\n${nonce} probe 0 3\n\n${nonce} probe 1 0\n${end}`))
        expect(subject.ended).toBe(true)
        expect(subject.reply().results).toEqual([
          { exitCode: 3, stdout: first, stderr: '' },
          { exitCode: 0, stdout: second, stderr: '' },
        ])
      }),
      { numRuns: 300 },
    )
  })

  it('tells the process group, job starts and lines as they come', () => {
    const seen: unknown[] = []
    const subject = decoder(oneJob, {
      onBegin: group => seen.push(group),
      onJobStart: job => seen.push(`start ${job}`),
      onOutput: (job, line) => seen.push(`${job} ${line}`),
      onEnd: () => seen.push('end'),
    })
    feed(subject, `motd\n${begin}\n${nonce} job 0\n10%\r20%\ra`, begin)
    expect(seen).toEqual([{ pid: 7, start: '99', group: 5 }, 'start 0', '0 10%', '0 20%'])
    feed(subject, `b\nlast\n${nonce} step 0 0 0\n`, `\n${nonce} job 0\nwarning\n`)
    expect(seen.slice(4)).toEqual(['0 ab', '0 last', '0 warning'])
    expect(subject.noise('stdout')).toBe('motd\n')
  })

  it('keeps the last 8 KiB of a failed step, of each stream, and nothing of the steps before it', () => {
    const subject = decoder(oneJob)
    const job = `${begin}\n${nonce} job 0\n`
    const marks = (code: number): string => `\n${nonce} step 0 1 ${code}\n${end}`
    feed(
      subject,
      `${job}early\n${nonce} step 0 0 0\n${'x'.repeat(20_000)}last${marks(9)}`,
      `${job}\n${nonce} step 0 0 0\nwhy${marks(9)}`,
    )
    const { failure, verify } = subject.reply().jobs[0] ?? {}
    expect(verify).toBeUndefined()
    expect(failure).toMatchObject({ step: 1, exitCode: 9, stderr: 'why' })
    expect(failure?.stdout).toHaveLength(8192)
    expect(failure?.stdout.endsWith('xlast')).toBe(true)
  })

  it('tells of a long line no more than its last 8 KiB, however it comes', () => {
    const line = `${'€'.repeat(100_000)}last`
    for (const size of [1_000_000, 5_000]) {
      const seen: string[] = []
      const subject = decoder(oneJob, { onOutput: (_job, text) => seen.push(text) })
      const stream = Buffer.from(`${begin}\n${nonce} job 0\nshort\n${line}\nshort\n`)
      for (let at = 0; at < stream.length; at += size) subject.feed('stdout', stream.subarray(at, at + size))
      expect(seen.map(text => text.slice(-4))).toEqual(['hort', 'last', 'hort'])
      expect(Buffer.byteLength(seen[1]!)).toBeLessThanOrEqual(8192)
      expect(seen[1]).toMatch(/^€+last$/)
    }
  })

  it('measures a job by the arrival of its markers', () => {
    let now = 1000
    const subject = decoder(oneJob, { now: () => now })
    const both = (text: string): void => feed(subject, text, text)
    both(`${begin}\n${nonce} job 0\n`)
    now = 3500
    both(`\n${nonce} step 0 0 0\n\n${nonce} step 0 1 0\n\n${nonce} check\nok\n${nonce} verify 0 0\n${end}`)
    expect(subject.reply().jobs).toEqual([{ verify: { exitCode: 0, stdout: 'ok', stderr: 'ok' }, ms: 2500 }])
  })

  it('keeps 16 MiB of a probe and no more, whatever it says that it may print', () => {
    const large = { ...probe('a'), maxBytes: 2 * limits.probeBytes }
    const subject = decoder({ jobs: [], probes: [large, probe('b')] })
    feed(subject, begin, begin)
    const chunk = Buffer.alloc(limits.probeBytes / 4, 'x')
    for (let i = 0; i < 4; i++) subject.feed('stdout', chunk)
    subject.feed('stdout', Buffer.from('x'))
    feed(
      subject,
      `\n${nonce} probe 0 0\n\n${nonce} probe 1 0\n${end}`,
      `\n${nonce} probe 0 0\n\n${nonce} probe 1 0\n${end}`,
    )
    expect(subject.reply().results.map(({ exitCode }) => exitCode)).toEqual([probeTooLong, 0])
  })

  it('does not take a reply with something missing for one', () => {
    const subject = decoder(twoProbes)
    feed(subject, `${begin}\n${nonce} probe 0 0\n${end}`, `${begin}\n${nonce} probe 0 0\n${end}`)
    expect(() => subject.reply()).toThrow(ProtocolError)
  })

  it.each([
    'resume 99',
    'job 99',
    'job NaN',
    'job -1',
    'job',
    'job 0.5',
    'job 1e0',
    'step 0 NaN NaN',
    'step 0 2 1',
    'step 1 0 1',
    'step 0 0',
    'check\n\ncafe0123 verify 1 0',
    'check\n\ncafe0123 verify 0 x',
    'probe -1 0',
    'probe NaN 0',
    'probe 0.5 0',
    'probe 0 0',
    'fenced x',
  ])('takes only numbers that it asked for: not %j', marker => {
    for (const stream of ['stdout', 'stderr'] as const) {
      const subject = decoder(oneJob, { onOutput: () => undefined, onJobStart: () => undefined })
      const work = () => subject.feed(stream, Buffer.from(`${begin}\n${nonce} ${marker}\nline\n`))
      expect(work).toThrow(ProtocolError)
      expect(work).not.toThrow(/missing|undefined/)
    }
  })
})
