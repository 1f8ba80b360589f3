import type { Secret } from './secret.ts'

/** How evcctl reaches a host and becomes root there. src/config makes it from cluster.yaml; the pool of src/ssh uses it. */
export interface SshTarget {
  /** Name of the host in cluster.yaml. */
  readonly name: string
  /** Address, DNS name, or `Host` alias of ~/.ssh/config. */
  readonly address: string
  /** Undefined: ~/.ssh/config, else 22. */
  readonly port?: number
  /** Undefined: ~/.ssh/config, else the user who runs evcctl. */
  readonly user?: string
  /** Private key files, tried in order. Undefined: ~/.ssh/config, else the agent and OpenSSH's default names. */
  readonly identityFiles?: readonly string[]
  /** Passphrase of an encrypted key. */
  readonly passphrase?: Secret
  /** Password login (only where given). */
  readonly password?: Secret
  /** Whether keys of the agent at SSH_AUTH_SOCK are tried. Default true. */
  readonly agent: boolean
  readonly knownHosts: {
    /**
     * Files in known_hosts format instead of the user's; the first is written to by accept-new. Undefined:
     * ~/.ssh/config, else ~/.ssh/known_hosts. The files of the system are read as well.
     */
    readonly files?: readonly string[]
    /**
     * `strict` refuses unknown host keys, `accept-new` records them; a changed key is refused by both. Undefined:
     * StrictHostKeyChecking of ~/.ssh/config, else `strict`. A policy that is set here also holds for jump hosts.
     */
    readonly policy?: 'strict' | 'accept-new'
    /** Records an unknown key whatever the policy is, and fails if it cannot be recorded. */
    readonly acceptNew?: boolean
    /** The command that records new keys, for messages. Default `evcctl ping --accept-new`. */
    readonly acceptCommand?: string
  }
  /** Jump hosts as in OpenSSH's ProxyJump: `[user@]host[:port]` or `ssh://…`, comma separated; `none` switches off. */
  readonly proxyJump?: string
  /** Used only where sudo really asks for one. */
  readonly sudoPassword?: Secret
  /** Time to connect and log in, ms. */
  readonly connectTimeoutMs: number
}
