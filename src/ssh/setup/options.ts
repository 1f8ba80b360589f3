import type { Secret } from '../../core/secret.ts'
import type { Machine } from './machine.ts'

/** What a person is asked. Functions that are left out say that there is nobody to ask. */
export interface SetupQuestions {
  /** The password of these machines; several are asked about only where one password is to be tried on all. */
  readonly password?: (machines: readonly Machine[], again: boolean) => Promise<Secret>
  readonly passphrase?: (file: string, again: boolean) => Promise<Secret>
  /** Whether these host keys, never seen before, are to be trusted. Asked before anything is sent there. */
  readonly hostKeys: (machines: readonly Machine[]) => Promise<boolean>
}

export interface SetupOptions {
  readonly signal: AbortSignal
  readonly questions: SetupQuestions
  /** `once`: one password is tried on all machines, and asked for again where it is wrong. */
  readonly askPassword: 'once' | 'each'
  /** The private key for all machines instead of what cluster.yaml and ~/.ssh/config name. */
  readonly identityFile?: string
  /** Looks only: no key is made, nothing is recorded, nothing is asked. */
  readonly dryRun: boolean
  /** Default `~/.ssh/config`. */
  readonly sshConfigFile?: string
  /** How long sudo may take to let in or to refuse, s; default 60: it may ask a directory server that is far away. */
  readonly sudoSeconds?: number
}
