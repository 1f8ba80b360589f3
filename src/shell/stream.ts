import { Buffer } from 'node:buffer'
import { Lines, Tail } from './collectors.ts'
import { Framer } from './framing.ts'

/** The most that one script of a probe may print on a stream, bytes: the nodes of a cluster take some 6 KiB each. */
export const probeLimitBytes = 16 * 1024 * 1024

/** What came is not what a script of ours prints. */
export class ProtocolError extends Error {}

/** The host does not let this run write: nothing of the exchange ran. */
export class Fenced extends Error {
  /** The generation that wrote last; undefined where the host could not remember this one, and the message says why. */
  readonly generation: number | undefined

  constructor(message: string, generation?: number) {
    super(message)
    this.generation = generation
  }
}

/** Where the exchange can be ended from a second channel. Start time in clock ticks since boot, as in /proc/<pid>/stat. */
export interface RemoteGroup {
  readonly pid: number
  readonly start: string
  readonly group: number
}

/** What is found in one stream, in order. */
export interface StreamEvents {
  readonly onLine: ((job: number, line: string) => void) | undefined
  begin(group: RemoteGroup): void
  /** The host could not remember who writes; `text` is what its shell said. */
  unfenced(text: string): void
  job(job: number): void
  step(job: number, step: number, exitCode: number, text: string): void
  verify(job: number, exitCode: number, text: string): void
  probe(index: number, exitCode: number, text: string): void
}

/** One stream of one part: sorts what is between the markers into tails, lines and probe results. */
export class StreamDecoder {
  readonly #events: StreamEvents
  readonly #framer: Framer
  readonly #tail = new Tail()
  #lines: Lines | undefined
  #chunks: Buffer[] = []
  #bytes = 0
  #state: 'noise' | 'step' | 'probe' | 'ended' = 'noise'
  #noise = ''
  #last = 'nothing yet'

  constructor(nonce: string, events: StreamEvents) {
    this.#events = events
    this.#framer = new Framer(nonce, {
      body: bytes => this.#body(bytes),
      lineEnd: () => this.#lines?.end(),
      mark: words => this.#mark(words),
    })
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
    if (this.#state === 'probe') {
      this.#bytes += bytes.length
      if (this.#bytes > probeLimitBytes) throw new ProtocolError('a probe printed more than 16 MiB')
      this.#chunks.push(bytes)
    } else if (this.#state !== 'ended') {
      this.#tail.add(bytes)
      if (this.#state === 'step') this.#lines?.add(bytes)
    }
  }

  #mark(words: readonly string[]): void {
    const [verb = '', ...rest] = words
    const [a = -1, b = -1, c = -1] = rest.map(Number)
    this.#last = words.join(' ')
    switch (verb) {
      case 'begin':
        this.#noise = this.#tail.text()
        this.#events.begin({ pid: a, start: rest[1] ?? '', group: c })
        this.#expect('probe')
        break
      case 'fenced':
        throw new Fenced('a later run has written to this host', a)
      case 'unfenced':
        this.#events.unfenced(this.#text())
        this.#expect('probe')
        break
      case 'job':
        this.#events.job(a)
        this.#beginStep(a)
        break
      case 'resume':
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
        this.#expect('probe')
        break
      case 'verify':
        this.#events.verify(a, b, this.#text())
        this.#expect('probe')
        break
      case 'probe':
        this.#events.probe(a, b, this.#text())
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
    this.#chunks = []
    this.#bytes = 0
  }

  #text(): string {
    const only = this.#chunks.length === 1 ? this.#chunks[0] : undefined
    return (only ?? Buffer.concat(this.#chunks)).toString('utf8')
  }
}
