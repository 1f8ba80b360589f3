import { HostError, type HostErrorKind } from '../../src/core/errors.ts'
import type { Event, EventBody } from '../../src/core/event.ts'
import type {
  ExchangeOptions,
  ExchangeReply,
  ExchangeRequest,
  JobReply,
  Session,
  SshPool,
} from '../../src/core/host.ts'
import { isUnknown } from '../../src/core/output.ts'
import type { Change, FieldChange, ProbeResult, Resource, Step } from '../../src/core/resource.ts'
import type { Run } from '../../src/engine/run.ts'

/** A host as a table of values, with a script language of a few words: get, set, unset, make, revoke. */
export class FakeHost {
  readonly name: string
  readonly values = new Map<string, string>()
  readonly made: string[] = []
  readonly revoked: string[] = []
  /** All scripts of jobs that took effect, in order. */
  readonly written: string[] = []
  constructor(name: string, values: Readonly<Record<string, string>> = {}) {
    this.name = name
    for (const [key, value] of Object.entries(values)) this.values.set(key, value)
  }

  run(script: string): ProbeResult {
    const outputs: string[] = []
    for (const line of script.split('\n')) {
      const [word = '', key = '', value = ''] = line.split(' ')
      if (word === 'get') outputs.push(this.values.has(key) ? `=${this.values.get(key)}` : '-')
      else if (word === 'set') this.values.set(key, value)
      else if (word === 'unset') this.values.delete(key)
      else if (word === 'stamp') this.values.set(key, this.stampOf(value.split(',')))
      else if (word === 'current') outputs.push(this.stampOf(key.split(',')))
      else if (word === 'make') {
        this.made.push(key)
        outputs.push(`${key}-${this.made.length}-of-${this.name}`)
      } else if (word === 'revoke') this.revoked.push(key)
      else if (word === 'fail') return { exitCode: 7, stdout: '', stderr: `cannot do ${key}` }
      else if (word === 'say') outputs.push(key)
    }
    return { exitCode: 0, stdout: outputs.join('\n'), stderr: '' }
  }

  stampOf(keys: readonly string[]): string {
    return keys.map(key => `${key}:${this.values.get(key) ?? ''}`).join(';')
  }
}

/** A fault of one exchange: before it did anything, after `jobs` of its jobs, or after all of it. */
export interface Fault {
  readonly kind: HostErrorKind | 'killed'
  /** Jobs that still take effect. */
  readonly jobs: number
}

export interface FakePoolOptions {
  /** Called before each exchange with its number over all hosts, from 1. */
  readonly fault?: (number: number, host: string, request: ExchangeRequest) => Fault | undefined
  /** How many turns of the event loop an exchange takes. */
  readonly latency?: (number: number) => number
  /** How many turns its reply takes to arrive, once the host has done and read everything. Default 0. */
  readonly replyLatency?: (number: number) => number
  /** Connecting to these hosts fails. */
  readonly refuse?: (host: string) => HostErrorKind | undefined
}

export interface SeenExchange {
  readonly host: string
  readonly jobs: readonly string[]
  readonly probes: readonly string[]
}

export class FakePool implements SshPool {
  readonly hosts: ReadonlyMap<string, FakeHost>
  readonly seen: SeenExchange[] = []
  /** Hosts on which two exchanges ran at the same time. */
  readonly overlaps: string[] = []
  /** Most exchanges that ran at a time. */
  mostAtOnce = 0
  /** Settles when a fault of kind `killed` happens. */
  readonly killed = Promise.withResolvers<void>()
  readonly #options: FakePoolOptions
  readonly #running: string[] = []
  readonly #counts = new Map<string, number>()
  #number = 0
  #dead = false

  constructor(hosts: ReadonlyMap<string, FakeHost>, options: FakePoolOptions = {}) {
    this.hosts = hosts
    this.#options = options
  }

  get count(): number {
    return this.#number
  }

  exchanges(): ReadonlyMap<string, number> {
    return this.#counts
  }

  async session(host: string): Promise<Session> {
    const kind = this.#options.refuse?.(host)
    if (kind !== undefined) throw new HostError(host, kind, { where: host, problem: `refused: ${kind}` })
    return { host, exchange: (request, options) => this.#exchange(host, request, options) }
  }

  async #exchange(name: string, request: ExchangeRequest, options: ExchangeOptions): Promise<ExchangeReply> {
    if (this.#dead) return new Promise(() => undefined)
    const number = ++this.#number
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
    this.seen.push({
      host: name,
      jobs: request.jobs.map(job => job.steps.map(step => ('run' in step ? step.run : '')).join('\n')),
      probes: request.probes.map(probe => probe.script),
    })
    if (this.#running.includes(name)) this.overlaps.push(name)
    this.#running.push(name)
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#running.length)
    try {
      const turns = this.#options.latency?.(number) ?? 1
      for (let turn = 0; turn < turns; turn++) await new Promise(resolve => setImmediate(resolve))
      if (this.#dead) return new Promise(() => undefined)
      if (options.signal.aborted) throw new HostError(name, 'cancelled', { where: name, problem: 'cancelled' })
      const host = this.hosts.get(name)!
      const fault = this.#options.fault?.(number, name, request)
      const jobs = fault === undefined ? request.jobs : request.jobs.slice(0, fault.jobs)
      const replies: JobReply[] = []
      for (const [index, job] of jobs.entries()) {
        const reply = runJob(host, job.steps, job.verify.script, index, options)
        replies.push(reply)
        // Like SSH, it reports the outcome while the next jobs run, and others may act on it meanwhile.
        if (fault?.kind !== 'killed' || index < jobs.length - 1) options.onJobEnd?.(index, reply)
        await new Promise(resolve => setImmediate(resolve))
      }
      if (fault?.kind === 'killed') {
        this.#dead = true
        this.killed.resolve()
        return new Promise(() => undefined)
      }
      if (fault !== undefined) {
        if (fault.jobs < request.jobs.length) options.onJobStart?.(fault.jobs)
        throw new HostError(name, fault.kind, { where: name, problem: `connection ${fault.kind}` })
      }
      const results = request.probes.map(probe => host.run(probe.script))
      const replyTurns = this.#options.replyLatency?.(number) ?? 0
      for (let turn = 0; turn < replyTurns; turn++) await new Promise(resolve => setImmediate(resolve))
      return { jobs: replies, results }
    } finally {
      this.#running.splice(this.#running.indexOf(name), 1)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

function runJob(
  host: FakeHost,
  steps: readonly Step[],
  verify: string,
  index: number,
  options: ExchangeOptions,
): JobReply {
  options.onJobStart?.(index)
  for (const [number, step] of steps.entries()) {
    if (!('run' in step)) throw new Error('The fake host knows only run steps')
    const { exitCode, stdout, stderr } = host.run(step.run)
    for (const line of stdout.split('\n')) if (line !== '') options.onOutput?.(index, line)
    if (exitCode !== 0) return { failure: { step: number, exitCode, stdout, stderr }, ms: 1 }
    host.written.push(step.run)
  }
  return { verify: host.run(verify), ms: 1 }
}

export function fakeHosts(table: Readonly<Record<string, Readonly<Record<string, string>>>>): Map<string, FakeHost> {
  return new Map(Object.entries(table).map(([name, values]) => [name, new FakeHost(name, values)]))
}

/** A run over a fake pool that keeps its events. */
export function fakeRun(
  pool: SshPool,
  options: Partial<Run> = {},
): Run & { readonly events: EventBody[]; of<T extends Event['type']>(type: T): Extract<EventBody, { type: T }>[] } {
  const events: EventBody[] = []
  const never = new AbortController().signal
  return {
    pool,
    emit: event => events.push(event),
    stop: never,
    abort: never,
    reconnectDelaysMs: [0, 0],
    ...options,
    events,
    of: <T extends Event['type']>(type: T) =>
      events.filter((event): event is Extract<EventBody, { type: T }> => event.type === type),
  }
}

interface Entry {
  readonly value: string
}

/** A value of the host's table. */
export function entry(
  key: string,
  value: Resource<string | undefined, Entry>['desired']['value'],
  options: { readonly steps?: readonly Step[]; readonly explain?: Resource<string | undefined, Entry>['explain'] } = {},
): Resource<string | undefined, Entry, string> {
  return {
    kind: 'entry',
    name: key,
    probe: { script: `get ${key}`, parse: parseValue },
    desired: { value },
    diff(current, desired): Change | undefined {
      if (current === desired.value) return undefined
      const field: FieldChange = {
        field: 'value',
        ...(current === undefined ? {} : { before: current }),
        after: desired.value,
      }
      return { action: current === undefined && !isUnknown(desired.value) ? 'create' : 'update', fields: [field] }
    },
    converge: (_, desired) => options.steps ?? [{ run: `set ${key} ${desired.value}` }],
    output: current => current,
    ...(options.explain === undefined ? {} : { explain: options.explain }),
  }
}

/** A resource that joins once and for all with an ephemeral value, like `kubeadm join`. */
export function joined(
  key: string,
  token: Resource<string | undefined, { token: string }>['desired']['token'],
): Resource<string | undefined, { token: string }, string> {
  return {
    kind: 'joined',
    name: key,
    probe: { script: `get ${key}`, parse: parseValue },
    desired: { token },
    diff: (current, desired) =>
      current === undefined ? { action: 'create', fields: [{ field: 'token', after: desired.token }] } : undefined,
    converge: (_, desired) => [{ run: `set ${key} joined-with-${desired.token}` }],
    output: current => current,
  }
}

/** A resource that restarts when one of the watched values differs from that at the last start. */
export function unit(
  name: string,
  watches: readonly string[],
): Resource<{ stamp: string; now: string }, Record<string, never>, string> {
  const keys = watches.join(',')
  return {
    kind: 'unit',
    name,
    probe: {
      script: `get stamp-${name}\ncurrent ${keys}`,
      parse: raw => {
        const [stamp = '', now = ''] = raw.stdout.split('\n')
        return { stamp, now: `=${now}` }
      },
    },
    desired: {},
    diff: ({ stamp, now }, _, context) =>
      stamp === now && context.watched.length === 0
        ? undefined
        : { action: 'restart', fields: [], because: context.watched },
    converge: () => [{ run: `stamp stamp-${name} ${keys}` }],
    output: ({ stamp }) => stamp,
  }
}

function parseValue(raw: ProbeResult): string | undefined {
  if (raw.exitCode !== 0) throw new Error('the value cannot be read')
  return raw.stdout.startsWith('=') ? raw.stdout.slice(1) : undefined
}
