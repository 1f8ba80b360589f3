import { type ChildProcess, spawn } from 'node:child_process'
import type { LookupAddress, LookupAllOptions } from 'node:dns'

// The threads of the process. Libuv uses half of them for lookups.
const threads = 256

// The program ends with this process, however this process ends. It kills itself with a signal, because an ordinary exit would
// wait for the threads. It ignores the signals with which a terminal stops a run: evcctl itself handles those.
const program = `
const { lookup } = require('node:dns')
const end = () => process.kill(process.pid, 'SIGKILL')
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => undefined)
process.on('disconnect', end)
process.on('message', ({ id, name, options }) => {
  lookup(name, options, (error, addresses) => {
    const failure = error ? { message: error.message, code: error.code } : undefined
    process.send({ id, addresses, failure }, error => { if (error) end() })
  })
})
`

interface Answer {
  readonly id: number
  readonly addresses?: readonly LookupAddress[]
  readonly failure?: { readonly message: string; readonly code?: string }
}

type Waiting = PromiseWithResolvers<readonly LookupAddress[]>

/** A child process that looks up names in many threads. This process has only a few, and a blocked one cannot be freed. */
export class LookupProcess {
  readonly #node: string
  #child: ChildProcess | undefined
  #next = 0
  readonly #waiting = new Map<number, Waiting>()

  /** `node` is the path of the Node.js that runs the child process. */
  constructor(node = process.execPath) {
    this.#node = node
  }

  /**
   * Works like `lookup` of node:dns with `all`. The first call starts the process. Also rejects if the process cannot be
   * started, or ends.
   */
  ask(name: string, options: LookupAllOptions): Promise<readonly LookupAddress[]> {
    const child = this.#child ?? this.#start()
    if (!child.connected) return Promise.reject(new Error('no process that looks names up could be started'))
    const id = this.#next++
    const waiting = Promise.withResolvers<readonly LookupAddress[]>()
    this.#waiting.set(id, waiting)
    child.send({ id, name, options }, error => {
      if (error !== null) this.#take({ id, failure: error })
    })
    return waiting.promise
  }

  #start(): ChildProcess {
    const env = { ...process.env, UV_THREADPOOL_SIZE: String(threads) }
    const child = spawn(this.#node, ['-e', program], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], env })
    const gone = (message: string): void => {
      if (this.#child === child) this.#child = undefined
      for (const id of [...this.#waiting.keys()]) this.#take({ id, failure: { message } })
    }
    child.on('error', error => gone(error.message))
    child.on('exit', () => gone('the process that looks names up has ended'))
    child.on('message', answer => this.#take(answer as Answer))
    // The child does not keep this process alive: whoever waits for an answer does that.
    child.unref()
    child.channel?.unref()
    this.#child = child
    return child
  }

  #take({ id, addresses, failure }: Answer): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (failure === undefined) waiting?.resolve(addresses ?? [])
    else waiting?.reject(Object.assign(new Error(failure.message), { code: failure.code }))
  }
}
