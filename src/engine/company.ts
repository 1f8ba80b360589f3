import { HostError } from '../core/errors.ts'
import type { ExchangeOptions } from '../core/host.ts'
import { longestTimerMs } from '../core/limits.ts'
import type { Patience, Run } from './run.ts'

/** Told by work on a host how it gets on. */
export interface Attendance {
  /** Aborted when the others have waited long enough. */
  readonly signal: AbortSignal
  /** A sign of life; what comes next may take `ms` on the host before it is ended there. */
  readonly heard: (ms: number) => void
}

/** The options of an exchange that is attended. */
export function attendedBy({ signal, heard }: Attendance, run: Run): Pick<ExchangeOptions, 'signal' | 'onWait'> {
  return { signal: AbortSignal.any([run.abort, signal]), onWait: heard }
}

interface Member {
  readonly host: string
  readonly abort: AbortController
  /** Undefined until it is connected: that has a time-out of its own. */
  began: number | undefined
  heard: number
  signs: number
  mayTakeMs: number
  timer: NodeJS.Timeout | undefined
}

// The way of an answer, where the host itself ends what takes too long.
const wayMs = 2_000

/**
 * Hosts that are read side by side. A host that hangs, or sends its answer a few bytes at a time, fails alone and does not
 * hold up the others. The limits count from when half of the hosts are done:
 * - a host from which nothing arrives for `patienceMs` is given up;
 * - a host that still sends something is given up `patienceTotalMs` after the last of the others is done.
 * While fewer than half are done, no host is given up: then the network or this machine is slow, not one host.
 */
export class Company {
  readonly #patience: Patience
  readonly #size: number
  readonly #members = new Set<Member>()
  #done = 0
  #lastDone = 0
  #halfDone: number | undefined

  constructor(size: number, patience: Patience) {
    this.#size = size
    this.#patience = patience
  }

  /** Rejects with what the work rejects with, or with HostError as soon as the others have waited long enough. */
  async attend<T>(host: string, work: (attendance: Attendance) => Promise<T>): Promise<T> {
    const abort = new AbortController()
    const member: Member = { host, abort, began: undefined, heard: 0, signs: 0, mayTakeMs: 0, timer: undefined }
    this.#members.add(member)
    const late = new Promise<never>((_resolve, reject) => {
      abort.signal.addEventListener('abort', () => reject(abort.signal.reason), { once: true })
    })
    const heard = (ms: number): void => {
      member.heard = performance.now()
      if (member.began === undefined) member.began = member.heard
      else member.signs++
      member.mayTakeMs = ms
      this.#arm(member)
    }
    try {
      // What was begun on the host is being ended meanwhile; nobody has to wait for that either.
      return await Promise.race([work({ signal: abort.signal, heard }), late])
    } finally {
      clearTimeout(member.timer)
      this.#members.delete(member)
      if (!abort.signal.aborted) this.#count()
    }
  }

  #count(): void {
    this.#done++
    this.#lastDone = performance.now()
    if (this.#done * 2 < this.#size) return
    this.#halfDone ??= this.#lastDone
    for (const member of this.#members) this.#arm(member)
  }

  #arm(member: Member): void {
    if (this.#halfDone === undefined || member.began === undefined || member.abort.signal.aborted) return
    const { patienceMs, patienceTotalMs } = this.#patience
    const silentAt = Math.max(this.#halfDone, member.heard) + Math.max(patienceMs, member.mayTakeMs + wayMs)
    const slowAt = Math.max(this.#lastDone, member.began) + patienceTotalMs
    const leftMs = Math.min(silentAt, slowAt) - performance.now()
    clearTimeout(member.timer)
    if (leftMs > 0) member.timer = setTimeout(() => this.#arm(member), Math.min(leftMs, longestTimerMs))
    else member.abort.abort(tooSlow(member))
  }
}

function tooSlow({ host, began = 0, heard, signs }: Member): HostError {
  const now = performance.now()
  const [total, silent] = [now - began, now - heard].map(ms => (ms / 1000).toFixed(1))
  return new HostError(host, 'timed out', {
    where: host,
    problem: `it takes much longer than the other hosts, which do not wait for it any longer`,
    came: `${signs} signs of life in ${total} s, none in the last ${silent} s`,
    next: 'Is it overloaded, or its disk or line slow? If it is only slow: raise ssh.connectTimeout above 30s, which others then wait for it.',
  })
}
