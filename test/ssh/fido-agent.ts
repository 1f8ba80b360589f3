import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { createServer, type Server } from 'node:net'
import { Fields, field } from '../../src/ssh/fields.ts'

const type = 'sk-ssh-ed25519@openssh.com'
const application = 'ssh:'

/** An agent with one FIDO key whose token is in this process (PROTOCOL.u2f of OpenSSH); `line` is for authorized_keys. */
export async function startFidoAgent(socket: string): Promise<{ readonly line: string; readonly server: Server }> {
  const { privateKey } = generateKeyPairSync('ed25519')
  const { x = '' } = privateKey.export({ format: 'jwk' })
  const blob = Buffer.concat([field(type), field(Buffer.from(x, 'base64url')), field(application)])
  const count = Buffer.from([0, 0, 0, 1])
  const server = createServer(client => {
    client.on('error', () => undefined)
    client.on('data', request => {
      if (request[4] === 11) {
        client.write(field(Buffer.concat([Buffer.from([12]), count, field(blob), field('token')])))
        return
      }
      const fields = new Fields(request.subarray(5))
      fields.bytes()
      const sha256 = (data: Buffer | string): Buffer => createHash('sha256').update(data).digest()
      // User present, and the counter of the token.
      const tail = Buffer.from([1, 0, 0, 0, 7])
      const signed = Buffer.concat([sha256(application), tail, sha256(fields.bytes() ?? Buffer.alloc(0))])
      const signature = Buffer.concat([field(type), field(sign(null, signed, privateKey)), tail])
      client.write(field(Buffer.concat([Buffer.from([14]), field(signature)])))
    })
  })
  await new Promise<void>(resolve => server.listen(socket, resolve))
  return { line: `${type} ${blob.toString('base64')} token`, server }
}
