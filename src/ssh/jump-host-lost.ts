import type { HostError } from '../core/errors.ts'
import { hostError, sshCommand } from './failure.ts'
import type { Endpoint } from './resolve.ts'

/** The connection to a jump host has ended, and with it all connections to hosts that went through it. */
export class JumpHostLost extends Error {
  readonly #endpoint: Endpoint
  readonly #reason: string

  constructor(endpoint: Endpoint, reason: string) {
    super(`the connection to jump host ${endpoint.name} was lost: ${reason}`)
    this.#endpoint = endpoint
    this.#reason = reason
  }

  /** The error for a host that could not be connected to because of it; it names the jump host as the place. */
  asHostError(): HostError {
    const endpoint = this.#endpoint
    return hostError(
      endpoint,
      'unreachable',
      {
        problem: 'the connection to it was lost',
        actual: this.#reason,
        next: `Run the same command again. If it is lost again: ${sshCommand(endpoint, ' -v')} true`,
      },
      this,
    )
  }
}
