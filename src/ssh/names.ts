import { ADDRCONFIG, type LookupAddress, type LookupAllOptions } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import PQueue from 'p-queue'
import { Deadline } from '../core/deadline.ts'
import { LookupProcess } from './lookup-process.ts'

// How long a name waits for its turn, ms. A working name server answers in tenths of a second, so turns come sooner than that.
const turnMs = 2_000

/** Asks the system for all addresses of a name. Rejects like `lookup` of node:dns. */
export type AskSystem = (name: string, options: LookupAllOptions) => Promise<readonly LookupAddress[]>

/** The name servers did not answer within the time limit. */
export class NamesSilent extends Error {
  constructor(ms: number) {
    super(`no answer within ${ms / 1000} s`)
  }
}

interface Question {
  /** Resolves when the lookup of the name begins. */
  readonly begun: Promise<unknown>
  readonly answer: Promise<readonly LookupAddress[]>
  waiting: number
}

/**
 * Looks up names. The system does this in threads that cannot be stopped: a name server that does not answer blocks one
 * for 10 s or more. So there are never more lookups at a time than threads. If a name has waited 2 s for its turn, behind
 * names without an answer, it is looked up with `elsewhere` instead.
 */
export class Names {
  readonly #ask: AskSystem
  readonly #elsewhere: AskSystem
  readonly #queue: PQueue
  // The lookups under way. Several hosts that wait for the same name share one.
  readonly #questions = new Map<string, Question>()

  constructor(ask: AskSystem, atATime: number, elsewhere = ask) {
    this.#ask = ask
    this.#elsewhere = elsewhere
    this.#queue = new PQueue({ concurrency: atATime })
  }

  /**
   * The addresses of a name. An IP address is returned at once. Rejects with the system's error, or with the signal's reason.
   * Rejects with NamesSilent if there is no answer `ms` after the lookup began; it begins after 2 s at the latest.
   */
  async find(
    name: string,
    family: 4 | 6 | undefined,
    ms: number,
    signal: AbortSignal,
  ): Promise<readonly LookupAddress[]> {
    signal.throwIfAborted()
    const literal = isIP(name)
    if (literal !== 0) return [{ address: name, family: literal }]
    const question = this.#question(name, family)
    const stopped = Promise.withResolvers<never>()
    let deadline: Deadline | undefined
    let over = false
    const onAbort = (): void => stopped.reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    void question.begun.then(() => {
      if (!over) deadline = new Deadline(ms, () => stopped.reject(new NamesSilent(ms)))
    })
    question.waiting++
    try {
      return await Promise.race([question.answer, stopped.promise])
    } finally {
      question.waiting--
      over = true
      deadline?.hold()
      signal.removeEventListener('abort', onAbort)
    }
  }

  #question(name: string, family: 4 | 6 | undefined): Question {
    const key = `${name} ${family ?? ''}`
    const known = this.#questions.get(key)
    if (known !== undefined) return known
    const turn = Promise.withResolvers<AskSystem>()
    const begin = (ask: AskSystem): void => {
      patience.hold()
      // A lookup that nobody waits for any more is not begun: the process could not end before it is done.
      if (question.waiting > 0) turn.resolve(ask)
      else this.#questions.delete(key)
    }
    const answer = turn.promise
      .then(ask => ask(name, { all: true, ...(family === undefined ? { hints: ADDRCONFIG } : { family }) }))
      .finally(() => this.#questions.delete(key))
    answer.catch(() => undefined)
    const patience = new Deadline(turnMs, () => {
      leave.abort()
      begin(this.#elsewhere)
    })
    const leave = new AbortController()
    const inTurn = async (): Promise<void> => {
      // The queue may start this at once, before the caller has been counted as waiting.
      await Promise.resolve()
      begin(this.#ask)
      if (question.waiting > 0) await answer.catch(() => undefined)
    }
    this.#queue.add(inTurn, { signal: leave.signal }).catch(() => undefined)
    const question: Question = { begun: turn.promise, answer, waiting: 0 }
    this.#questions.set(key, question)
    return question
  }
}

const lookups = new LookupProcess()

/** Looks up names with this machine's resolver. All pools share it, because they share the threads of the process. */
export const systemNames = new Names(lookup, lookupThreads(process.env.UV_THREADPOOL_SIZE), (name, options) =>
  lookups.ask(name, options),
)

// Libuv has 1 to 1024 threads, 4 by default, and uses at most half of them for lookups (threadpool.c,
// slow_work_thread_threshold). So work on files and keys never waits for a name server.
function lookupThreads(size = '4'): number {
  const threads = Math.min(Math.max(1, Number.parseInt(size, 10) || 0), 1024)
  return Math.floor((threads + 1) / 2)
}
