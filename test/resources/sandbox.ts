import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Change, ProbeResult, Resource, Step } from '../../src/core/index.ts'
import { plain } from '../kit/local-sh.ts'

const rooted =
  /\/(etc\/etcd|etc\/evcctl|etc\/systemd|var\/lib\/etcd|var\/lib\/evcctl|var\/cache\/evcctl|run\/evcctl|etc\/kubernetes|var\/lib\/kubelet)/g

/** A folder that stands in for the root of a host: the scripts of resources are turned to it. */
export class Sandbox {
  readonly root = mkdtempSync(join(tmpdir(), 'evcctl-sandbox-'))

  #running: ChildProcess | undefined

  /** Kills the script that was started last. */
  kill(): void {
    this.#running?.kill('SIGKILL')
  }

  /** A path or script, inside. Files belong to whoever runs the test. */
  inside(text: string): string {
    return text.replaceAll(rooted, `${this.root}/$1`).replaceAll(' -o root -g root', '')
  }

  /** Runs a script without blocking, so that a server of the test can answer it. */
  sh(script: string, stdin = '', path = ''): Promise<ProbeResult> {
    const child = spawn('sh', ['-c', this.inside(script)], { env: { LC_ALL: 'C', PATH: `${path}${process.env.PATH}` } })
    this.#running = child
    child.stdin.on('error', () => undefined)
    child.stdin.end(stdin)
    const output = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', text => {
        output[name] += text
      })
    }
    return new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', code => resolve({ exitCode: code ?? 1, ...output }))
    })
  }

  async probe<C, D, O>(resource: Resource<C, D, O>): Promise<C> {
    return resource.probe.parse(await this.sh(resource.probe.script))
  }

  /** What a plan would say of a resource whose inputs are all known. */
  async compare<C, D, O>(resource: Resource<C, D, O>): Promise<Change | undefined> {
    return resource.diff(await this.probe(resource), resource.desired as D, { watched: [] })
  }

  /** Runs the steps for the state that the host is in; gives the end of the last. */
  async apply<C, D, O>(resource: Resource<C, D, O>): Promise<ProbeResult> {
    return this.run(resource.converge(await this.probe(resource), resource.desired as D))
  }

  /** Runs `run` steps until one fails; gives the end of the last. */
  async run(steps: readonly Step[]): Promise<ProbeResult> {
    let ended: ProbeResult = { exitCode: 0, stdout: '', stderr: '' }
    for (const step of steps) {
      if (!('run' in step)) throw new Error('This step needs a host')
      ended = await this.sh(`set -eu\n${step.run}`, plain(step.stdin ?? ''))
      if (ended.exitCode !== 0) return ended
    }
    return ended
  }
}

/** A web server on a free port, closed when disposed. */
export async function serve(listener: RequestListener): Promise<{ readonly url: string } & AsyncDisposable> {
  const server: Server = createServer(listener)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
