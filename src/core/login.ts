import type { Secret } from './secret.ts'

/** A user and the password, for a registry or a proxy. */
export interface Login {
  readonly username: string
  readonly password: Secret
}
