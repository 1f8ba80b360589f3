import type { Buffer } from 'node:buffer'
import type { ExchangeReply, JobReply } from '../core/host.ts'
import { type Limits, limits, tailBytes, usualProbeBytes } from '../core/limits.ts'
import { type ProbeResult, probeTimedOut, probeTooLong } from '../core/resource.ts'
import type { Whole } from './collectors.ts'
import { Pace } from './pace.ts'
import { ProtocolError, TooMuch } from './protocol-error.ts'
import type { RemoteGroup } from './remote-group.ts'
import type { Script } from './script.ts'
import { Fenced, StreamDecoder, type StreamEvents } from './stream.ts'

export interface DecoderHooks {
  readonly onJobStart?: ((job: number) => void) | undefined
  readonly onJobEnd?: ((job: number, reply: JobReply) => void) | undefined
  readonly onOutput?: ((job: number, line: string) => void) | undefined
  /** Called when the script has begun. */
  readonly onBegin?: ((group: RemoteGroup) => void) | undefined
  /** Called when both streams of the part have reached their end marker. */
  readonly onEnd?: (() => void) | undefined
  /** Called when a probe or step has begun or ended; the next marker may take `ms`. */
  readonly onWait?: ((ms: number) => void) | undefined
  /** Clock, ms. */
  readonly now?: (() => number) | undefined
  readonly limits?: Limits | undefined
}

interface MutableResult {
  exitCode: number
  stdout: string
  stderr: string
}

interface JobState {
  startedAt: number | undefined
  ms: number
  failure: (MutableResult & { step: number }) | undefined
  verify: MutableResult | undefined
  /** The streams on which its outcome was seen. */
  readonly seen: Set<StreamName>
}

type StreamName = 'stdout' | 'stderr'

/** Reads the two streams of an exchange while they arrive, and builds the reply. */
export class Decoder {
  readonly #script: Script
  readonly #hooks: DecoderHooks
  readonly #now: () => number
  readonly #jobs: readonly JobState[]
  readonly #results: (MutableResult | undefined)[]
  readonly #limits: Limits
  readonly #pace: Pace
  readonly #answered = new Set<string>()
  #streams: Record<StreamName, StreamDecoder>
  #bytes = 0
  #kept = 0

  constructor(script: Script, jobs: number, hooks: DecoderHooks = {}) {
    this.#script = script
    this.#hooks = hooks
    this.#limits = hooks.limits ?? limits
    this.#pace = new Pace(script.bounds, ms => hooks.onWait?.(ms))
    this.#now = hooks.now ?? (() => performance.now())
    this.#jobs = Array.from({ length: jobs }, () => ({
      startedAt: undefined,
      ms: 0,
      failure: undefined,
      verify: undefined,
      seen: new Set<StreamName>(),
    }))
    this.#results = Array.from({ length: script.runs.length }, () => undefined)
    this.#streams = this.#freshStreams()
  }

  /** To be called when a new channel begins. */
  startPart(): void {
    this.#pace.part()
    this.#streams = this.#freshStreams()
  }

  /**
   * Raises Fenced when the host does not let this run write, ProtocolError for output that no script of evcctl prints, and
   * TooMuch beyond a bound.
   */
  feed(stream: StreamName, chunk: Buffer): void {
    const { stdout, stderr } = this.#streams
    if (this.ended) return
    this.#bytes += chunk.length
    if (this.#bytes > this.#limits.exchangeBytes) throw new TooMuch('its reply', this.#limits.exchangeBytes)
    this.#streams[stream].push(chunk)
    if (stdout.ended && stderr.ended) this.#hooks.onEnd?.()
  }

  /** True once both streams of the part have reached their end marker. */
  get ended(): boolean {
    return this.#streams.stdout.ended && this.#streams.stderr.ended
  }

  /** True once the script of the part runs. */
  get begun(): boolean {
    return this.#streams.stdout.begun
  }

  /** The output before the script began: lectures, banners, and the reason why sudo refused. */
  noise(stream: StreamName): string {
    return this.#streams[stream].noise()
  }

  /** The jobs that have failed so far. */
  failed(): ReadonlySet<number> {
    return new Set(this.#jobs.flatMap((job, index) => (job.failure === undefined ? [] : [index])))
  }

  /** The probe or step that runs now, in words, for a message about an exchange that does not end. */
  running(): string {
    return this.#streams.stdout.running()
  }

  /** To be called when a job begins with a pushed file. Other jobs announce themselves. */
  jobStarted(job: number): void {
    const state = this.#job(job)
    if (state.startedAt !== undefined) return
    state.startedAt = this.#now()
    this.#hooks.onJobStart?.(job)
  }

  /** To be called when a pushed file cannot be read on this machine. */
  pushFailed(job: number, step: number, reason: string): void {
    this.#stepEnded('stderr', job, step, 1, reason)
    this.#stepEnded('stdout', job, step, 1, '')
  }

  /** The reply; call it when the last part has ended. Raises ProtocolError when something is missing. */
  reply(): ExchangeReply {
    return {
      jobs: this.#jobs.map((job, index) => jobReply(job, index)),
      results: this.#script.answers.map(runs => joined(runs.map(run => this.#results[run] ?? missing(`probe ${run}`)))),
    }
  }

  #freshStreams(): Record<StreamName, StreamDecoder> {
    return { stdout: this.#stream('stdout'), stderr: this.#stream('stderr') }
  }

  #stream(name: StreamName): StreamDecoder {
    const pace = name === 'stdout' ? this.#pace : undefined
    // The job whose own probe comes next on this stream; undefined if a probe of the request comes next.
    let checked: number | undefined
    let job = 0
    let probes = 0
    const events: StreamEvents = {
      onLine: this.#hooks.onOutput,
      begin: group => {
        pace?.begun()
        if (name === 'stdout') this.#hooks.onBegin?.(group)
      },
      // The reason is on stderr, which may arrive before stdout or after it.
      unfenced: text => {
        if (name === 'stderr') throw new Fenced(text.trim())
      },
      job: begun => {
        job = begun
        this.#job(job)
        pace?.job(job)
        if (name === 'stdout') this.jobStarted(job)
      },
      resume: resumed => {
        job = resumed
        this.#job(job)
        pace?.job(job)
      },
      step: (job, step, code, text) => {
        this.#job(job)
        if (step >= (this.#script.bounds.steps[job]?.length ?? 0))
          throw new ProtocolError(`job ${job} has no step ${step}`)
        pace?.step(job, step, code)
        this.#stepEnded(name, job, step, code, text)
      },
      check: () => {
        checked = job
        pace?.check()
      },
      verify: (job, code, printed) => {
        checked = undefined
        pace?.verified()
        this.#verified(name, job, code, printed)
      },
      probe: (index, code, printed) => {
        probes++
        pace?.probed()
        this.#probed(name, index, code, printed)
      },
      mostNext: () => {
        const { verify, runs, order } = this.#script
        // Where no probe is left, the only output that may follow is why the host cannot remember who writes.
        const most = checked !== undefined ? verify[checked]! : (runs[order[probes] ?? -1] ?? tailBytes)
        return mostOn(name, most)
      },
    }
    return new StreamDecoder(this.#script.nonce, events, this.#limits)
  }

  #stepEnded(stream: StreamName, job: number, step: number, exitCode: number, text: string): void {
    if (exitCode === 0) return
    const state = this.#job(job)
    state.failure ??= { step, exitCode, stdout: '', stderr: '' }
    state.failure[stream] = text
    this.#jobSeen(stream, job, state)
  }

  #verified(stream: StreamName, job: number, exitCode: number, printed: Whole): void {
    const state = this.#job(job)
    this.#once(`the probe of job ${job} on ${stream}`)
    state.verify ??= { exitCode, stdout: '', stderr: '' }
    this.#keep(state.verify, stream, printed, this.#script.verify[job]!)
    this.#jobSeen(stream, job, state)
  }

  #probed(stream: StreamName, index: number, exitCode: number, printed: Whole): void {
    if (index >= this.#results.length) throw new ProtocolError(`there is no probe ${index}`)
    this.#once(`probe ${index} on ${stream}`)
    const result = this.#results[index] ?? { exitCode, stdout: '', stderr: '' }
    this.#keep(result, stream, printed, this.#script.runs[index]!)
    this.#results[index] = result
  }

  #once(what: string): void {
    if (this.#answered.has(what)) throw new ProtocolError(`${what} answered twice`)
    this.#answered.add(what)
  }

  // Output that is too long is not parsed. Only its beginning is kept, for messages.
  #keep(result: MutableResult, stream: StreamName, printed: Whole, maxBytes: number): void {
    const { answersBytes } = this.#limits
    if (printed.isCut || printed.length > mostOn(stream, maxBytes)) {
      result.exitCode = probeTooLong
      result[stream] = printed.bytes().toString('utf8', 0, beginningBytes)
      return
    }
    result[stream] = printed.text()
    this.#kept += printed.length
    if (this.#kept > answersBytes) throw new TooMuch('what its probes printed', answersBytes)
  }

  #jobSeen(stream: StreamName, job: number, state: JobState): void {
    if (stream === 'stdout') state.ms = Math.round(this.#now() - (state.startedAt ?? this.#now()))
    state.seen.add(stream)
    if (state.seen.size === 2) this.#hooks.onJobEnd?.(job, jobReply(state, job))
  }

  #job(index: number): JobState {
    const job = this.#jobs[index]
    if (job === undefined) throw new ProtocolError(`there is no job ${index}`)
    return job
  }
}

function jobReply(job: JobState, index: number): JobReply {
  if (job.failure !== undefined) return { failure: job.failure, ms: job.ms }
  const verify: ProbeResult = job.verify ?? missing(`the outcome of job ${index}`)
  return { verify, ms: job.ms }
}

const beginningBytes = 1024

// A probe that asks for more room needs it on stdout; stderr has only error messages.
function mostOn(stream: StreamName, maxBytes: number): number {
  return stream === 'stdout' ? maxBytes : Math.min(maxBytes, usualProbeBytes)
}

// Joins the results as if one script had run all of them in turn.
function joined(results: readonly ProbeResult[]): ProbeResult {
  if (results.length === 1) return results[0]!
  const codes = results.map(({ exitCode }) => exitCode)
  return {
    exitCode: [probeTimedOut, probeTooLong].find(code => codes.includes(code)) ?? codes.at(-1) ?? 0,
    stdout: results.map(({ stdout }) => stdout).join(''),
    stderr: results.map(({ stderr }) => stderr).join(''),
  }
}

function missing(what: string): never {
  throw new ProtocolError(`${what} is missing in the reply`)
}
