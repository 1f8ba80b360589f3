import type { Buffer } from 'node:buffer'
import type { Limits } from '../core/limits.ts'
import { Lines, Tail, Whole } from './collectors.ts'
import { Framer } from './framing.ts'
import { ProtocolError, TooMuch } from './protocol-error.ts'
import { type RemoteGroup, remoteGroup } from './remote-group.ts'

/** The host does not let this run write. The script that was sent did not run. */
export class Fenced extends Error {
  /** The generation that wrote last; undefined where the host could not remember this one, and the message says why. */
  readonly generation: number | undefined

  constructor(message: string, generation?: number) {
    super(message)
    this.generation = generation
  }
}

/** What is found in one stream, in order. */
export interface StreamEvents {
  readonly onLine: ((job: number, line: string) => void) | undefined
  begin(group: RemoteGroup): void
  /** The host could not remember who writes; `text` is what its shell said. */
  unfenced(text: string): void
  job(job: number): void
  /** A job goes on after a pushed file. */
  resume(job: number): void
  step(job: number, step: number, exitCode: number, text: string): void
  verify(job: number, exitCode: number, printed: Whole): void
  probe(index: number, exitCode: number, printed: Whole): void
  /** The probe of the job that ran last begins. */
  check(): void
  /** How many bytes of the next output may be kept. It is the output of a probe, unless a job begins. */
  mostNext(): number
}

/** One stream of one part: sorts what is between the markers into tails, lines and probe results. */
export class StreamDecoder {
  readonly #events: StreamEvents
  readonly #framer: Framer
  readonly #limits: Limits
  readonly #tail = new Tail()
  readonly #whole = new Whole(0)
  #lines: Lines | undefined
  #preludeBytes = 0
  #state: 'noise' | 'step' | 'probe' | 'ended' = 'noise'
  #noise = ''
  #last = 'nothing yet'

  constructor(nonce: string, events: StreamEvents, limits: Limits) {
    this.#events = events
    this.#limits = limits
    const sink = {
      body: (bytes: Buffer) => this.#body(bytes),
      lineEnd: () => this.#lines?.end(),
      mark: (words: readonly string[]) => this.#mark(words),
    }
    this.#framer = new Framer(nonce, sink, limits.markerBytes)
  }

  get ended(): boolean {
    return this.#state === 'ended'
  }

  get begun(): boolean {
    return this.#state !== 'noise'
  }

  push(chunk: Buffer): void {
    this.#framer.push(chunk)
  }

  noise(): string {
    return this.#state === 'noise' ? this.#tail.text() : this.#noise
  }

  running(): string {
    return this.#last
  }

  #body(bytes: Buffer): void {
    const { preludeBytes } = this.#limits
    if (this.#state === 'ended') return
    if (this.#state === 'probe') {
      this.#whole.add(bytes)
      return
    }
    this.#tail.add(bytes)
    if (this.#state === 'step') {
      this.#lines?.add(bytes)
      return
    }
    this.#preludeBytes += bytes.length
    if (this.#preludeBytes > preludeBytes) throw new TooMuch('what is printed before the script begins', preludeBytes)
  }

  #mark(words: readonly string[]): void {
    const [verb = '', ...rest] = words
    const [a = 0, b = 0, c = 0] = numbersIn(verb, rest)
    this.#last = words.join(' ')
    switch (verb) {
      case 'begin':
        this.#noise = this.#tail.text()
        this.#events.begin(remoteGroup(...rest))
        this.#expect('probe')
        break
      case 'fenced':
        throw new Fenced('a later run has written to this host', a)
      case 'unfenced':
        this.#events.unfenced(this.#whole.text())
        this.#expect('probe')
        break
      case 'job':
        this.#events.job(a)
        this.#beginStep(a)
        break
      case 'resume':
        this.#events.resume(a)
        this.#beginStep(a)
        break
      case 'again':
        this.#tail.clear()
        break
      case 'step':
        this.#lines?.end()
        this.#events.step(a, b, c, this.#tail.text())
        // After a failed step nothing of its job follows.
        this.#expect(c === 0 ? 'step' : 'probe')
        break
      case 'check':
        this.#events.check()
        this.#expect('probe')
        break
      case 'verify':
        this.#events.verify(a, b, this.#whole)
        this.#expect('probe')
        break
      case 'probe':
        this.#events.probe(a, b, this.#whole)
        this.#expect('probe')
        break
      case 'end':
        this.#state = 'ended'
        break
      default:
        throw new ProtocolError(`unknown marker: ${words.join(' ')}`)
    }
  }

  #beginStep(job: number): void {
    const { onLine } = this.#events
    this.#lines = onLine === undefined ? undefined : new Lines(line => onLine(job, line))
    this.#expect('step')
  }

  #expect(state: 'step' | 'probe'): void {
    this.#state = state
    this.#tail.clear()
    this.#whole.clear(Math.min(this.#events.mostNext(), this.#limits.probeBytes))
  }
}

// How many numbers follow each marker that has some.
const numbersAfter = new Map([
  ['fenced', 1],
  ['job', 1],
  ['resume', 1],
  ['step', 3],
  ['verify', 2],
  ['probe', 2],
])

function numbersIn(verb: string, words: readonly string[]): readonly number[] {
  const count = numbersAfter.get(verb)
  if (count === undefined) return []
  if (words.length !== count || !words.every(word => /^\d{1,20}$/.test(word)))
    throw new ProtocolError(`these are not the numbers of a marker: ${[verb, ...words].join(' ')}`)
  return words.map(Number)
}
