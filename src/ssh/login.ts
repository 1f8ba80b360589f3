import type { AnyAuthMethod, AuthenticationType } from 'ssh2'
import { HostError } from '../core/errors.ts'
import { hostError, sshCommand } from './failure.ts'
import { shortPath } from './home.ts'
import { describeIdentity, exposedCure, type Identity } from './keys.ts'
import { plainText } from './plain-text.ts'
import type { Endpoint } from './resolve.ts'
import type { SignedRequests } from './signed-request.ts'
import { word } from './word.ts'

/** One way to log in, such as a key or a password. */
export interface Attempt {
  readonly method: AnyAuthMethod
  /** The words for the attempt in messages; read after the attempt. */
  readonly describe: () => string
}

/** The server accepted no attempt. */
export class LoginRefused extends HostError {
  /** Methods that the server accepts, e.g. `password`; undefined when it closed the connection before it named them. */
  readonly accepted: readonly string[] | undefined
  /**
   * True when the server took a key or password and then closed the connection without a word of the protocol: sshd does
   * so when the account may not log in (now), as during a boot (pam_nologin) or when it has expired.
   */
  readonly afterProof: boolean

  constructor(error: HostError, accepted: readonly string[] | undefined, afterProof: boolean) {
    super(error.host, error.kind, error.details, { cause: error.cause })
    this.accepted = accepted
    this.afterProof = afterProof
  }
}

// How much text of a server is kept for messages.
const mostWords = 8

/** The attempts at one login, in order, over one connection. */
export class Login {
  /** To be attached to the connection before the first attempt. */
  readonly requests: SignedRequests
  readonly #endpoint: Endpoint
  readonly #attempts: Attempt[]
  readonly #unusable: readonly Identity[]
  readonly #tried: Attempt[] = []
  readonly #words: string[] = []
  #accepted: readonly string[] | undefined
  #partial = false
  #proved = false
  /** True once there is nothing more to try. */
  gaveUp = false

  constructor(
    endpoint: Endpoint,
    attempts: readonly Attempt[],
    unusable: readonly Identity[],
    requests: SignedRequests,
  ) {
    this.requests = requests
    this.#endpoint = endpoint
    this.#attempts = [...attempts]
    this.#unusable = unusable
  }

  /** ssh2's authHandler: the next method that the server still accepts, or false. */
  next(left: readonly AuthenticationType[] | null, partial: boolean | null): AnyAuthMethod | false {
    if (left !== null) {
      this.#accepted = left
      this.#proved = false
    }
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

  /** Words of the server for whoever logs in: a banner, or instructions. Kept for the error message. */
  heard(text: string): void {
    const plain = plainText(text)
    if (plain !== '' && this.#words.length < mostWords && !this.#words.includes(plain)) this.#words.push(plain)
  }

  /** The server has asked for our signature or taken an answer; what follows is its judgement of the account. */
  proved(): void {
    this.#proved = true
  }

  /** The attempt that the server accepted, e.g. `agent: 3 keys`. */
  describeLast(): string {
    return this.#tried.at(-1)?.describe() ?? 'no authentication'
  }

  /** The server takes the password and wants another one (SSH_MSG_USERAUTH_PASSWD_CHANGEREQ, RFC 4252 section 8). */
  changeRequired(prompt: string): LoginRefused {
    this.heard(prompt)
    return this.#refused({
      problem: `the password of ${this.#endpoint.user} has expired`,
      expected: 'a password that is valid',
      actual: this.#actual([]),
      next: `Change it: ${sshCommand(this.#endpoint, ' -t -o PubkeyAuthentication=no')}   then correct what ssh.password in cluster.yaml names`,
    })
  }

  /** After the password the server asks for something else, which evcctl does not have. */
  asksMore(prompt: string): LoginRefused {
    return this.#refused({
      problem: `after the password of ${this.#endpoint.user}, the server asks for more`,
      expected: 'the password alone, or a key',
      actual: this.#actual([`it asks: ${plainText(prompt)}`]),
      next: `Answer it by hand once (an expired password is changed so): ${sshCommand(this.#endpoint, ' -t -o PubkeyAuthentication=no')}`,
    })
  }

  /** The server takes a key, and wants it to sign again and again. */
  asksAgain(): LoginRefused {
    return this.#refused({
      problem: `it wants the same key to sign again and again: this is no login of an SSH server`,
      expected: 'one signature of a key',
      actual: this.#actual([]),
      next: `See what answers there: ${sshCommand(this.#endpoint, ' -v')} true`,
    })
  }

  /** The refusal, with all that was tried. */
  error(cause: Error): LoginRefused {
    const endpoint = this.#endpoint
    // sshd tells of the end of its patience by a number of the protocol; ssh2 hands that on as the code.
    const disconnected = 'code' in cause && typeof cause.code === 'number'
    const afterProof = this.#proved && !this.gaveUp && !disconnected
    if (afterProof) {
      return this.#refused(
        {
          problem: `it took the login of ${endpoint.user} and then closed the connection: the account may not log in`,
          expected: 'an account that may log in now (not expired, no /run/nologin, allowed by PAM)',
          actual: this.#actual([cause.message]),
          next: `${sshCommand({ ...endpoint, user: 'root' })} 'ls -l /run/nologin /etc/nologin; chage -l ${endpoint.user}; journalctl -u ssh -n 20'`,
        },
        cause,
        true,
      )
    }
    const ended = this.gaveUp
      ? []
      : [`then the server ended it: ${plainText(cause.message)}${disconnected ? '' : ', without a reason'}`]
    const details = {
      problem: `login as ${endpoint.user} was refused`,
      expected: this.#expected(),
      actual: this.#actual(ended),
      next: this.#next(),
    }
    return this.#refused(details, cause)
  }

  #refused(details: Omit<HostError['details'], 'where'>, cause?: Error, afterProof = false): LoginRefused {
    return new LoginRefused(hostError(this.#endpoint, 'login', details, cause), this.#accepted, afterProof)
  }

  #actual(ended: readonly string[]): string {
    const tried = this.#tried.map(attempt => attempt.describe())
    return [
      ...(tried.length > 0 ? tried : ['nothing to try']),
      ...this.#unusable.map(describeIdentity),
      ...ended,
      ...this.#words.map(words => `the server says: ${words}`),
    ].join('\n')
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
    const exposed = this.#unusable.find(identity => 'exposed' in identity)
    if (exposed !== undefined) return exposedCure(exposed.file)
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
