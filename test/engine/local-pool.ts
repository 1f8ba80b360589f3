import { spawn } from 'node:child_process'
import { HostError } from '../../src/core/errors.ts'
import type { ExchangeOptions, ExchangeReply, ExchangeRequest, Fence, Session, SshPool } from '../../src/core/host.ts'
import type { ProbeResult } from '../../src/core/resource.ts'

/** Runs scripts with the sh of this machine, to test them in a real shell. It knows only `run` steps. */
export class LocalPool implements SshPool {
  readonly #shell: readonly string[]
  #count = 0
  /** While set, exchanges fail as if the host were gone. */
  away = false
  /** Hosts that cannot be reached. */
  readonly unreachable = new Set<string>()
  /** Changes a script for one host, so that several hosts can differ. */
  localise: (host: string, script: string) => string = (_, script) => script
  /** The fence of each request with jobs. */
  readonly fences: (Fence | undefined)[] = []

  constructor(shell: readonly string[] = ['/bin/sh']) {
    this.#shell = shell
  }

  exchanges(): ReadonlyMap<string, number> {
    return new Map([['local', this.#count]])
  }

  async session(host: string): Promise<Session> {
    if (this.unreachable.has(host)) throw new HostError(host, 'unreachable', { where: host, problem: 'no route' })
    return { host, exchange: (request, options) => this.#exchange(host, request, options) }
  }

  async #exchange(host: string, request: ExchangeRequest, _: ExchangeOptions): Promise<ExchangeReply> {
    this.#count++
    if (request.jobs.length > 0) this.fences.push(request.fence)
    const run = (script: string) => this.run(this.localise(host, script))
    if (this.away) throw new HostError(host, 'lost', { where: host, problem: 'away' })
    const jobs: ExchangeReply['jobs'][number][] = []
    for (const job of request.jobs) {
      let failure: ExchangeReply['jobs'][number]['failure']
      for (const [number, step] of job.steps.entries()) {
        if (!('run' in step)) throw new Error('only run steps')
        const result = await run(`set -eu\n${step.run}`)
        if (result.exitCode !== 0) failure = { step: number, ...result }
        if (failure !== undefined) break
      }
      jobs.push(failure === undefined ? { verify: await run(job.verify.script), ms: 0 } : { failure, ms: 0 })
    }
    const results: ProbeResult[] = []
    for (const probe of request.probes) results.push(await run(probe.script))
    return { jobs, results }
  }

  run(script: string): Promise<ProbeResult> {
    const [command, ...args] = this.#shell
    const child = spawn(command!, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, LC_ALL: 'C' } })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.stdin.end(script)
    return new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', code => resolve({ exitCode: code ?? 255, stdout, stderr }))
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
