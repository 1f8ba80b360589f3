import ssh2, { type ParsedKey } from 'ssh2'
import { listAgentKeys, signWithAgent } from './agent-keys.ts'
import { type Certificate, fidoTypes, isCertificate } from './certificate.ts'
import { Fields, typeOf } from './fields.ts'
import { foreignKey, type SignedRequests } from './signed-request.ts'

type Base = InstanceType<typeof ssh2.BaseAgent<ParsedKey>>

/** Decides whether the server gets a signature of a key. The server asks for one only after it has accepted the key. */
export type MaySign = (key: ParsedKey) => boolean

/** The error that ssh2 gets instead of a signature that the server does not get. */
export function notAgain(): Error {
  return new Error('the server already has enough signatures')
}

/** Which keys of an agent are wanted. */
export interface AgentChoice {
  /** Only these public keys (IdentitiesOnly); undefined: all. */
  readonly only: readonly Buffer[] | undefined
  /** Public keys to leave out, because they are tried in another way already. */
  readonly except: readonly Buffer[]
  /** Certificates from files. A certificate is tried when the agent has its key. */
  readonly certificates: readonly Certificate[]
}

// draft-ietf-sshm-ssh-agent, section 4.5.1: flags that ask RSA keys for SHA-2.
const rsaFlags: Readonly<Record<string, number>> = { sha256: 2, sha512: 4 }

/** An agent, optionally limited to some keys. It remembers what it offered, for the error message. */
export class Agent extends ssh2.BaseAgent<ParsedKey> {
  readonly #socket: string
  readonly #choice: AgentChoice
  readonly #requests: SignedRequests
  readonly #maySign: MaySign
  /** The outcome of asking the agent, e.g. `3 keys`. */
  outcome = 'not asked'

  constructor(socket: string, choice: AgentChoice, requests: SignedRequests, maySign: MaySign) {
    super()
    this.#socket = socket
    this.#choice = choice
    this.#requests = requests
    this.#maySign = maySign
  }

  override getIdentities(callback: Parameters<Base['getIdentities']>[0]): void {
    this.#keys().then(
      keys => callback(undefined, keys),
      (error: Error) => {
        this.outcome = `cannot be used (${error.message})`
        callback(error)
      },
    )
  }

  override sign: Base['sign'] = (key: ParsedKey, data: Buffer, options: unknown, last?: unknown): void => {
    const callback = (last ?? options) as (error: Error | null, signature?: Buffer) => void
    const hash = typeof options === 'object' ? (options as { hash?: string } | null)?.hash : undefined
    if (!this.#maySign(key)) {
      callback(notAgain())
      return
    }
    this.#signature(key, data, hash).then(
      signature => callback(null, signature),
      (error: Error) => callback(error),
    )
  }

  async #keys(): Promise<ParsedKey[]> {
    const { only, except, certificates } = this.#choice
    const among = (list: readonly Buffer[], key: Buffer): boolean => list.some(other => other.equals(key))
    const blobs = (await listAgentKeys(this.#socket)).map(({ blob }) => blob)
    const wanted = blobs.filter(blob => (only === undefined || among(only, blob)) && !among(except, blob))
    const shown = certificates.filter(({ key }) => among(blobs, key)).map(({ blob }) => blob)
    const all = [...shown, ...wanted].map(blob => ({ blob, key: usable(blob) }))
    const keys = all.flatMap(({ key }) => key ?? [])
    const unknown = all.filter(({ key }) => key === undefined).map(({ blob }) => typeOf(blob))
    const count = keys.length === 1 ? '1 key' : `${keys.length} keys`
    this.outcome = unknown.length === 0 ? count : `${count}; not tried: ${unknown.join(', ')}`
    return keys
  }

  async #signature(key: ParsedKey, data: Buffer, hash: string | undefined): Promise<Buffer> {
    const blob = key.getPublicSSH()
    // The agent knows only the key of a certificate that is in a file, not the certificate.
    const plain = this.#choice.certificates.find(certificate => certificate.blob.equals(blob))?.key ?? blob
    const foreign = isForeign(blob)
    const flags = rsaFlags[foreign && typeOf(blob).includes('rsa') ? 'sha512' : (hash ?? '')] ?? 0
    const whole = await signWithAgent(this.#socket, plain, data, flags)
    if (foreign) this.#requests.replaceNext(data, whole)
    const fields = new Fields(whole)
    fields.bytes()
    return fields.bytes() ?? whole
  }
}

function isForeign(blob: Buffer): boolean {
  return isCertificate(blob) || fidoTypes.includes(typeOf(blob))
}

function usable(blob: Buffer): ParsedKey | undefined {
  if (isForeign(blob)) return foreignKey(blob)
  const key: unknown = ssh2.utils.parseKey(blob)
  return key instanceof Error ? undefined : (key as ParsedKey)
}
