import { setImmediate as immediate } from 'node:timers/promises'
import { Deadline } from '../core/deadline.ts'
import { HostError } from '../core/errors.ts'
import type { ExchangeOptions } from '../core/host.ts'
import type { Patience, Run } from './run.ts'

/** How the work on one host reports its progress to its Company. */
export interface Attendance {
  /** Aborted when the other hosts have waited long enough. */
  readonly signal: AbortSignal
  /** Reports a sign of life. What runs next on the host may take `ms` before the host ends it. */
  readonly heard: (ms: number) => void
  /**
   * Reports that the whole answer has arrived; no limit holds for the host any more. Resolves when it is the turn of this
   * answer to be parsed. Parsing may take long, so the event loop hears the other hosts between two answers.
   */
  readonly answered: () => Promise<void>
}

/** The options of an exchange that reports its progress. */
export function attendedBy({ signal, heard }: Attendance, run: Run): Pick<ExchangeOptions, 'signal' | 'onWait'> {
  return { signal: AbortSignal.any([run.abort, signal]), onWait: heard }
}

interface Member {
  readonly host: string
  readonly abort: AbortController
  /** Undefined until the first sign of life. Connecting has a time-out of its own. */
  began: number | undefined
  heard: number
  signs: number
  mayTakeMs: number
  /** Undefined while no limit holds for it. */
  limits: { readonly silence: Deadline; readonly total: Deadline } | undefined
}

// The host itself ends what takes too long. This is the time that its answer may take to arrive, ms.
const wayMs = 2_000

/**
 * Hosts that are read side by side. A host that hangs, or sends its answer a few bytes at a time, fails alone and does not
 * hold up the others. The limits count from when half of the hosts are done:
 * - a host from which nothing arrives for `patienceMs`, or for as long as what runs there may take, is given up;
 * - a host that still sends something is given up `patienceTotalMs` after the last of the others is done.
 * While fewer than half are done, no host is given up: then the network or this machine is slow, not one host. Time in which
 * this machine stands still does not count.
 */
export class Company {
  readonly #patience: Patience
  readonly #size: number
  readonly #members = new Set<Member>()
  #done = 0
  #turn = Promise.resolve()

  constructor(size: number, patience: Patience) {
    this.#size = size
    this.#patience = patience
  }

  /** Rejects with what the work rejects with, or with HostError as soon as the others have waited long enough. */
  async attend<T>(host: string, work: (attendance: Attendance) => Promise<T>): Promise<T> {
    const abort = new AbortController()
    const member: Member = { host, abort, began: undefined, heard: 0, signs: 0, mayTakeMs: 0, limits: undefined }
    this.#members.add(member)
    const late = new Promise<never>((_resolve, reject) => {
      abort.signal.addEventListener('abort', () => reject(abort.signal.reason), { once: true })
    })
    const heard = (ms: number): void => {
      member.heard = performance.now()
      if (member.began === undefined) member.began = member.heard
      else member.signs++
      member.mayTakeMs = ms
      if (member.limits === undefined) this.#watch(member)
      else member.limits.silence.restart(this.#silenceMs(member))
    }
    const answered = (): Promise<void> => {
      this.#leave(member)
      this.#turn = this.#turn.then(() => immediate())
      return this.#turn
    }
    try {
      // After an abort, what runs on the host is still being ended; nobody has to wait for that.
      return await Promise.race([work({ signal: abort.signal, heard, answered }), late])
    } finally {
      this.#leave(member)
      if (!abort.signal.aborted) this.#count()
    }
  }

  #leave(member: Member): void {
    this.#members.delete(member)
    member.limits?.silence.hold()
    member.limits?.total.hold()
    member.limits = undefined
  }

  #count(): void {
    this.#done++
    for (const member of this.#members) {
      if (member.limits === undefined) this.#watch(member)
      else member.limits.total.restart(this.#patience.patienceTotalMs)
    }
  }

  #watch(member: Member): void {
    if (this.#done * 2 < this.#size || member.began === undefined || !this.#members.has(member)) return
    const giveUp = () => {
      const error = tooSlow(member)
      this.#leave(member)
      member.abort.abort(error)
    }
    const silence = new Deadline(this.#silenceMs(member), giveUp)
    member.limits = { silence, total: new Deadline(this.#patience.patienceTotalMs, giveUp) }
  }

  #silenceMs({ mayTakeMs }: Member): number {
    return Math.max(this.#patience.patienceMs, mayTakeMs + wayMs)
  }
}

function tooSlow({ host, began = 0, heard, signs }: Member): HostError {
  const now = performance.now()
  const [total, silent] = [now - began, now - heard].map(ms => (ms / 1000).toFixed(1))
  return new HostError(host, 'timed out', {
    where: host,
    problem: `it takes much longer than the other hosts, which do not wait for it any longer`,
    actual: `${signs} signs of life in ${total} s, none in the last ${silent} s`,
    next: 'Check whether the host is overloaded, or its disk or network slow. If it is only slow, set ssh.connectTimeout above 30s: the other hosts then wait so long for it.',
  })
}
