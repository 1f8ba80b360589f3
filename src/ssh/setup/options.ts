import type { Secret } from '../../core/secret.ts'
import type { Machine } from './machine.ts'

/** The questions to a person. A function is left out if nobody can be asked. */
export interface SetupQuestions {
  /** Asks for the password of these machines. There are several only if one password is tried on all of them. */
  readonly password?: (machines: readonly Machine[], again: boolean) => Promise<Secret>
  readonly passphrase?: (file: string, again: boolean) => Promise<Secret>
  /** Asks whether to trust these unknown host keys, before any login is sent to the machines. */
  readonly hostKeys: (machines: readonly Machine[]) => Promise<boolean>
}

export interface SetupOptions {
  readonly signal: AbortSignal
  readonly questions: SetupQuestions
  /** `once`: one password is tried on all machines, and another is asked for where it is wrong. `each`: one for each machine. */
  readonly askPassword: 'once' | 'each'
  /** The private key for all machines, instead of those that cluster.yaml and ~/.ssh/config name. */
  readonly identityFile?: string
  /** Only checks: makes no key, records nothing and asks nothing. */
  readonly dryRun: boolean
  /** Default `~/.ssh/config`. */
  readonly sshConfigFile?: string
  /** How long sudo may take to accept or refuse, s; default 60, because it may ask a directory server that is far away. */
  readonly sudoSeconds?: number
}
