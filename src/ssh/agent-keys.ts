import { connect } from 'node:net'
import { Deadline } from '../core/deadline.ts'
import { Fields, field, typeOf } from './fields.ts'

/** A key that an agent has. */
export interface AgentKey {
  readonly blob: Buffer
  /** E.g. `sk-ssh-ed25519@openssh.com`. */
  readonly type: string
  readonly comment: string
}

// OpenSSH's ssh-agent has the same bound for its messages.
const largestReply = 256 * 1024
const listMs = 10_000
// A key on a token may wait for a person to touch it.
const signMs = 60_000

/**
 * Lists all keys of an agent. ssh2 itself would drop keys of types that it does not know. Rejects when the agent does not
 * answer. Source: draft-ietf-sshm-ssh-agent, SSH_AGENTC_REQUEST_IDENTITIES.
 */
export async function listAgentKeys(socket: string): Promise<readonly AgentKey[]> {
  const keys = readIdentities(await ask(socket, Buffer.from([11]), listMs))
  if (keys === undefined) throw new Error('its answer cannot be read')
  return keys
}

/** Signs with a key of an agent. Returns the whole signature: type, signature, and for FIDO keys flags and counter. */
export async function signWithAgent(socket: string, blob: Buffer, data: Buffer, flags: number): Promise<Buffer> {
  const number = Buffer.alloc(4)
  number.writeUInt32BE(flags)
  const answer = await ask(socket, Buffer.concat([Buffer.from([13]), field(blob), field(data), number]), signMs)
  const signature = answer[0] === 14 ? new Fields(answer.subarray(1)).bytes() : undefined
  if (signature === undefined) throw new Error('it did not sign')
  return signature
}

function ask(socket: string, message: Buffer, patienceMs: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0)
    const agent = connect(socket)
    const silence = new Deadline(patienceMs, () => end(() => reject(new Error('it does not answer'))))
    const end = (work: () => void): void => {
      silence.hold()
      agent.destroy()
      work()
    }
    agent.on('error', error => end(() => reject(error)))
    agent.on('close', () => end(() => reject(new Error('it closed the connection'))))
    agent.on('connect', () => agent.write(field(message)))
    agent.on('data', chunk => {
      silence.restart(patienceMs)
      received = Buffer.concat([received, chunk])
      const length = received.length < 4 ? undefined : received.readUInt32BE(0)
      if ((length ?? 0) > largestReply) end(() => reject(new Error('its answer is too long')))
      else if (length !== undefined && received.length >= 4 + length)
        end(() => resolve(received.subarray(4, 4 + length)))
    })
  })
}

/** Reads SSH_AGENT_IDENTITIES_ANSWER; undefined when it is not one. */
export function readIdentities(answer: Buffer): readonly AgentKey[] | undefined {
  if (answer[0] !== 12) return undefined
  const reader = new Fields(answer.subarray(1))
  const count = reader.number()
  if (count === undefined) return undefined
  const keys: AgentKey[] = []
  for (let i = 0; i < count; i++) {
    const blob = reader.bytes()
    const comment = reader.bytes()
    if (blob === undefined || comment === undefined) return undefined
    keys.push({ blob, type: typeOf(blob), comment: comment.toString() })
  }
  return keys
}
