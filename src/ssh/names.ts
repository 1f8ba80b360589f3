import { ADDRCONFIG, type LookupAddress, type LookupAllOptions } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import PQueue from 'p-queue'
import { Deadline } from '../core/deadline.ts'
import { LookupProcess } from './lookup-process.ts'

// A name server that answers does so within tenths of a second, and each of several names has its turn soon.
const turnMs = 2_000

/** Asks the system for all addresses of a name; rejects as `lookup` of node:dns does. */
export type AskSystem = (name: string, options: LookupAllOptions) => Promise<readonly LookupAddress[]>

/** The name servers said nothing for as long as they were given. */
export class NamesSilent extends Error {
  constructor(ms: number) {
    super(`no answer within ${ms / 1000} s`)
  }
}

interface Question {
  /** Resolves when the name is asked for. */
  readonly begun: Promise<unknown>
  readonly answer: Promise<readonly LookupAddress[]>
  waiting: number
}

/**
 * Looks names up. The system does it in threads, which cannot be stopped: a name server that does not answer takes one
 * for 10 s and more. So there are no more lookups at a time than threads. A name that has waited 2 s for its turn, behind
 * those that nobody answers for, is asked for elsewhere.
 */
export class Names {
  readonly #ask: AskSystem
  readonly #elsewhere: AskSystem
  readonly #queue: PQueue
  // A name that several hosts wait for is asked for once.
  readonly #questions = new Map<string, Question>()

  constructor(ask: AskSystem, atATime: number, elsewhere = ask) {
    this.#ask = ask
    this.#elsewhere = elsewhere
    this.#queue = new PQueue({ concurrency: atATime })
  }

  /**
   * The addresses of a name; an address is its own, at once. Rejects with the system's error, with NamesSilent `ms` after
   * it was asked for, which is 2 s from now at the latest, or with the signal's reason.
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
      // The process would not end before it has asked for what nobody wants any more.
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
      // The queue may begin at once, and who asks is counted only then.
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

/** The names of this machine's resolver, for all pools: the threads are those of the process. */
export const systemNames = new Names(lookup, lookupThreads(process.env.UV_THREADPOOL_SIZE), (name, options) =>
  lookups.ask(name, options),
)

// Libuv has 1 to 1024 threads, 4 by default, and gives half of them to lookups (threadpool.c, slow_work_thread_threshold):
// files and keys never wait for a name server.
function lookupThreads(size = '4'): number {
  const threads = Math.min(Math.max(1, Number.parseInt(size, 10) || 0), 1024)
  return Math.floor((threads + 1) / 2)
}
