import type { Probe, ProbeResult, Step, StepFailure } from './resource.ts'

/** The steps of one task, followed by its own probe. A failing step ends its job, not the others of the exchange. */
export interface Job {
  readonly steps: readonly Step[]
  readonly verify: Probe<unknown>
}

/** The right to write: a host remembers the highest generation that wrote to it, and refuses lower ones and other runs of the same. */
export interface Fence {
  /** How often the lock of the cluster was taken; from 1. */
  readonly generation: number
  /** Id of the run that took it. */
  readonly run: string
  /** Folder of the host that outlives a reboot. Default: /var/lib/evcctl. */
  readonly folder?: string
}

/** All that goes to a host in one go: first the jobs in order, then the probes. */
export interface ExchangeRequest {
  readonly jobs: readonly Job[]
  readonly probes: readonly Probe<unknown>[]
  /**
   * For jobs: what an earlier run still does on the host is ended first, and a later run makes the exchange reject with a
   * HostError of kind `fenced`. Left out for reads, and for writes that no lock protects.
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
   * Upper bound for the exchange, ms. Default: the sum of the steps' time-outs, plus 2 s for each probe, at least 60 s.
   * A host that falls silent is given up earlier: 30 s after what ran there should have ended.
   */
  readonly timeoutMs?: number
  /** Called when a job begins on the host. */
  readonly onJobStart?: (job: number) => void
  /** Called once for each job, as soon as its outcome is known; the jobs after it still run then. */
  readonly onJobEnd?: (job: number, reply: JobReply) => void
  /** Called when something begins or ends on the host; what comes next may take `ms` there before it is ended. */
  readonly onWait?: (ms: number) => void
  /** Called with each complete line that a step of a job prints (stdout or stderr), not redacted. */
  readonly onOutput?: (job: number, line: string) => void
}

/** A host that is connected, logged into and root. */
export interface Session {
  readonly host: string
  /** Runs a request as root. Rejects with HostError; a step or probe that exits non-zero is data, not an error. */
  exchange(request: ExchangeRequest, options: ExchangeOptions): Promise<ExchangeReply>
}

/** The engine's only view of SSH. */
export interface SshPool extends AsyncDisposable {
  /**
   * Connects if need be (one connection a host, shared). Rejects with HostError saying which of reach, host key, login,
   * root failed. `apart` takes a second connection, for what must not wait for a long exchange even where sshd allows one
   * channel a connection (MaxSessions 1).
   */
  session(host: string, signal: AbortSignal, options?: { readonly apart?: boolean }): Promise<Session>
  /** How many exchanges each host has had so far. */
  exchanges(): ReadonlyMap<string, number>
}

/** CPU architectures that upstream Kubernetes artifacts are taken for. */
export type Architecture = 'amd64' | 'arm64'
