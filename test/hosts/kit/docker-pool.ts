import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { HostError } from '../../../src/core/errors.ts'
import type { ExchangeOptions, ExchangeReply, ExchangeRequest, Session, SshPool } from '../../../src/core/host.ts'
import type { LocalHosts } from '../../../src/local/hosts.ts'
import { Decoder } from '../../../src/shell/decode.ts'
import { compileExchange } from '../../../src/shell/script.ts'

/**
 * Carries exchanges into container hosts through `docker exec` instead of SSH: for tests of what roles do to a host,
 * with the real scripts and the real shell there. Steps that push files are not carried.
 */
export class DockerPool implements SshPool {
  readonly #hosts: LocalHosts
  readonly #counts = new Map<string, number>()

  constructor(hosts: LocalHosts) {
    this.#hosts = hosts
  }

  exchanges(): ReadonlyMap<string, number> {
    return this.#counts
  }

  async session(host: string): Promise<Session> {
    return { host, exchange: (request, options) => this.#exchange(host, request, options) }
  }

  async #exchange(host: string, request: ExchangeRequest, options: ExchangeOptions): Promise<ExchangeReply> {
    this.#counts.set(host, (this.#counts.get(host) ?? 0) + 1)
    const script = compileExchange(request, randomBytes(12).toString('hex'))
    const [part, ...others] = script.parts
    if (part?.kind !== 'shell' || others.length > 0) throw new RangeError('only one script an exchange is carried')
    const decoder = new Decoder(script, request.jobs.length, options)
    const { containerId } = this.#hosts.host(host)
    const child = spawn('docker', ['exec', '-i', containerId, '/bin/sh', '-s'], { signal: options.signal })
    child.stdout.on('data', (chunk: Buffer) => decoder.feed('stdout', chunk))
    child.stderr.on('data', (chunk: Buffer) => decoder.feed('stderr', chunk))
    child.stdin.end(part.text(new Set()))
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', resolve)
    })
    if (!decoder.ended) throw new HostError(host, 'lost', { where: host, problem: `docker exec ended with ${code}` })
    return decoder.reply()
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
