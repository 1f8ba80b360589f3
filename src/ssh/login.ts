import type { AnyAuthMethod, AuthenticationType } from 'ssh2'
import { HostError } from '../core/errors.ts'
import { credential } from '../shell/script.ts'
import { hostError, shortPath, sshCommand, word } from './failure.ts'
import { Agent, describeIdentity, type Identity, type KeyRing, publicKeys } from './keys.ts'
import type { Endpoint } from './resolve.ts'

interface Attempt {
  readonly method: AnyAuthMethod
  /** Asked for when the attempt has been made. */
  readonly describe: () => string
}

/** No attempt let us in. */
export class LoginRefused extends HostError {
  /** Methods that the server named, e.g. `password`; undefined when it ended the connection before it said. */
  readonly accepted: readonly string[] | undefined

  constructor(error: HostError, accepted: readonly string[] | undefined) {
    super(error.host, error.kind, error.details, { cause: error.cause })
    this.accepted = accepted
  }
}

/** The attempts at one login, in order, over one connection. */
export class Login {
  readonly #endpoint: Endpoint
  readonly #attempts: Attempt[]
  readonly #unusable: readonly Identity[]
  readonly #tried: Attempt[] = []
  #accepted: readonly string[] | undefined
  #partial = false
  /** True once there is nothing more to try. */
  gaveUp = false

  constructor(endpoint: Endpoint, attempts: readonly Attempt[], unusable: readonly Identity[]) {
    this.#endpoint = endpoint
    this.#attempts = [...attempts]
    this.#unusable = unusable
  }

  /** ssh2's authHandler: the next method that the server still accepts, or false. */
  next(left: readonly AuthenticationType[] | null, partial: boolean | null): AnyAuthMethod | false {
    if (left !== null) this.#accepted = left
    if (partial === true) this.#partial = true
    while (true) {
      const attempt = this.#attempts.shift()
      if (attempt === undefined) break
      const wanted = attempt.method.type === 'agent' ? 'publickey' : attempt.method.type
      if (this.#accepted !== undefined && !this.#accepted.includes(wanted)) continue
      this.#tried.push(attempt)
      return attempt.method
    }
    // Without anything to try, `none` still tells what the server would accept.
    if (this.#accepted === undefined) return { type: 'none', username: this.#endpoint.user }
    this.gaveUp = true
    return false
  }

  /** What let us in, e.g. `agent: 3 keys`. */
  describeLast(): string {
    return this.#tried.at(-1)?.describe() ?? 'no authentication'
  }

  /** The refusal, with all that was tried. */
  error(cause: Error): LoginRefused {
    const endpoint = this.#endpoint
    const tried = this.#tried.map(attempt => attempt.describe())
    const lines = [...(tried.length > 0 ? tried : ['nothing to try']), ...this.#unusable.map(describeIdentity)]
    if (!this.gaveUp)
      lines.push(`then the server ended it: ${cause.message} (MaxAuthTries of its sshd is 6 by default)`)
    const details = {
      problem: `login as ${endpoint.user} was refused`,
      expected: this.#expected(),
      came: lines.join('\n'),
      next: this.#next(),
    }
    return new LoginRefused(hostError(endpoint, 'login', details, cause), this.#accepted)
  }

  #expected(): string {
    const accepted = this.#accepted?.filter(method => method !== 'none') ?? []
    if (accepted.length === 0) return 'a login that the server accepts'
    const methods = accepted.join(', ')
    return this.#partial ? `after the first factor, also: ${methods}` : `one of what the server accepts: ${methods}`
  }

  #next(): string {
    const locked = this.#unusable.find(identity => !('key' in identity) && identity.encrypted)
    if (locked !== undefined)
      return `ssh-add ${word(shortPath(locked.file))}   (then run this again), or ssh.passphrase in cluster.yaml`
    const [unusable] = this.#unusable
    if (this.#tried.length === 0 && unusable !== undefined)
      return `Name a private key that can be used in ssh.identityFile of cluster.yaml: ls -l ${word(shortPath(unusable.file))}`
    return `${sshCommand(this.#endpoint, ' -v')} true   (shows the same step by step)${this.#allow()}`
  }

  // How a key that was named comes to be let in, where there is another way in.
  #allow(): string {
    const { identitiesGiven, identityFiles, via, port, user, host } = this.#endpoint
    const key = identityFiles.find(file => !this.#unusable.some(identity => identity.file === file))
    if (!identitiesGiven || key === undefined || via !== undefined) return ''
    const at = port === 22 ? '' : ` -p ${port}`
    return `\nTo let this key in: ssh-copy-id -i ${word(shortPath(key))}${at} ${word(`${user}@${host}`)}`
  }
}

/** Collects what there is to log in with. Keys that were named come before the agent's, default ones after. */
export async function prepareLogin(endpoint: Endpoint, keys: KeyRing): Promise<Login> {
  const username = endpoint.user
  const identities = await Promise.all(endpoint.identityFiles.map(file => keys.load(file, endpoint.passphrase)))
  const fileAttempts = identities.flatMap((identity): Attempt[] =>
    'key' in identity
      ? [{ method: { type: 'publickey', username, key: identity.key }, describe: () => describeIdentity(identity) }]
      : [],
  )
  const agentAttempts: Attempt[] = []
  if (endpoint.agentSocket !== undefined) {
    const only = endpoint.identitiesOnly ? await publicKeys(identities) : undefined
    agentAttempts.push(agentAttempt(username, new Agent(endpoint.agentSocket, only)))
  }
  const attempts = endpoint.identitiesGiven ? [...fileAttempts, ...agentAttempts] : [...agentAttempts, ...fileAttempts]
  if (endpoint.password !== undefined) attempts.push(...passwordAttempts(username, credential(endpoint.password)))
  return new Login(
    endpoint,
    attempts,
    identities.filter(identity => !('key' in identity)),
  )
}

function agentAttempt(username: string, agent: Agent): Attempt {
  return { method: { type: 'agent', username, agent }, describe: () => `agent: ${agent.outcome}` }
}

function passwordAttempts(username: string, password: string): Attempt[] {
  return [
    { method: { type: 'password', username, password }, describe: () => 'password' },
    {
      method: {
        type: 'keyboard-interactive',
        username,
        // Only hidden questions are for the password.
        prompt: (_name, _instructions, _lang, prompts, finish) =>
          finish(prompts.map(prompt => (prompt.echo === true ? '' : password))),
      },
      describe: () => 'keyboard-interactive with the password',
    },
  ]
}
