import type { Probe, ProbeResult, Step, StepFailure } from './resource.ts'

/** The steps of one task, followed by its own probe. A failed step ends its job; the other jobs of the exchange go on. */
export interface Job {
  readonly steps: readonly Step[]
  readonly verify: Probe<unknown>
}

/**
 * Identifies a run that may write. A host remembers the highest generation that wrote to it. It refuses lower generations, and
 * other runs of the same generation.
 */
export interface Fence {
  /** How often the lock of the cluster was taken; from 1. */
  readonly generation: number
  /** Id of the run that took it. */
  readonly run: string
  /** A folder on the host that survives a reboot. Default: /var/lib/evcctl. */
  readonly folder?: string
}

/** Everything that one exchange sends to a host. The jobs run first, in order, then the probes. */
export interface ExchangeRequest {
  readonly jobs: readonly Job[]
  readonly probes: readonly Probe<unknown>[]
  /**
   * Only for requests with jobs. If a later run has written to the host, the exchange rejects with a HostError of kind
   * `fenced`. Otherwise the host first ends what earlier runs still do there. Undefined for reads, and for writes that no lock
   * protects.
   */
  readonly fence?: Fence
}

/** The outcome of one job; `verify` is left out when a step failed. */
export interface JobReply {
  readonly failure?: StepFailure
  readonly verify?: ProbeResult
  /** Duration on the host, ms. */
  readonly ms: number
}

/** One entry a job and one a probe, in the order of the request. */
export interface ExchangeReply {
  readonly jobs: readonly JobReply[]
  readonly results: readonly ProbeResult[]
}

export interface ExchangeOptions {
  /** Aborting it kills the process groups on the host and rejects with a HostError of kind `cancelled`. */
  readonly signal: AbortSignal
  /**
   * Upper bound for the exchange without the transfer of pushed files, ms. Default: the sum of the time-outs of all steps (10 s
   * more for each) and of the jobs' own probes, plus 2 s for each other probe; at least 60 s.
   * A host from which nothing arrives is given up earlier: 30 s after the step or probe that runs there should have ended.
   */
  readonly timeoutMs?: number
  /** Called when a job begins on the host. */
  readonly onJobStart?: (job: number) => void
  /** Called once for each job, as soon as its outcome is known; the jobs after it still run then. */
  readonly onJobEnd?: (job: number, reply: JobReply) => void
  /** Called when a step or probe begins or ends on the host. What runs next may take `ms` before the host ends it. */
  readonly onWait?: (ms: number) => void
  /** Called with each complete line that a step of a job prints (stdout or stderr), not redacted. */
  readonly onOutput?: (job: number, line: string) => void
}

/** A host to which evcctl is connected, logged in and root. */
export interface Session {
  readonly host: string
  /** Runs a request as root. Rejects with HostError; a step or probe that exits non-zero is data, not an error. */
  exchange(request: ExchangeRequest, options: ExchangeOptions): Promise<ExchangeReply>
}

/** The engine's only view of SSH. */
export interface SshPool extends AsyncDisposable {
  /**
   * Connects to the host unless it is connected already: all sessions of a host share one connection. Rejects with a
   * HostError whose kind says what failed: reaching the host, its host key, the login, or becoming root. `apart` uses a second
   * connection, for an exchange that must not wait for a long one, even if sshd allows only one channel a connection
   * (MaxSessions 1).
   */
  session(host: string, signal: AbortSignal, options?: { readonly apart?: boolean }): Promise<Session>
  /** How many exchanges each host has had so far. */
  exchanges(): ReadonlyMap<string, number>
}

/** The CPU architectures that evcctl supports. */
export type Architecture = 'amd64' | 'arm64'
