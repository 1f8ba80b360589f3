import { once } from 'node:events'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection, ServerChannel } from 'ssh2'

// Not among ssh2's typings.
const { sendPacket } = createRequire(import.meta.url)('ssh2/lib/protocol/utils.js') as {
  sendPacket(protocol: unknown, packet: Buffer): void
}

/** What a hostile host has for a command. It may go on until the channel is closed. */
export type Hostility = (channel: ServerChannel, client: Connection) => Promise<void> | void

/** Terminal sequences that clear the screen, set the title and the clipboard, and end a line. */
export const escapes = '\u001b[2J\u001b]0;owned\u0007\u001b]52;c;cm0gLXJmIC8K\u0007\r\u009b31m\u202e'

const megabyte = 'x'.repeat(1024 * 1024)

export const hostilities: Readonly<Record<string, Hostility>> = {
  'a marker without end': async channel => endless(channel, `\n${await nonceOf(channel)} probe `, megabyte),
  'markers without end': async channel =>
    endless(channel, begin(await nonceOf(channel)), `\n${await nonceOf(channel)} probe 0 0\n`.repeat(1000)),
  'empty lines without end': channel => endless(channel, '', '\n'.repeat(100_000)),
  'output without end before anything': channel => endless(channel, '', megabyte),
  'output without end on stderr': channel => endless(channel.stderr, '', megabyte),
  'output without end of a probe': async channel => endless(channel, begin(await nonceOf(channel)), megabyte),
  'a slow drip': async channel => {
    channel.write(begin(await nonceOf(channel)))
    for (; channel.writable; await sleep(50)) channel.write('x')
  },
  'silence from the start': () => undefined,
  'silence after the beginning': async channel => {
    channel.write(begin(await nonceOf(channel)))
  },
  'silence after the first answer': async channel => {
    const nonce = await nonceOf(channel)
    channel.write(`${begin(nonce)}@@ hostname\n${escapes}\n@@ end\n\n${nonce} probe 0 0\n`)
  },
  'one stream that never ends': async channel => {
    const nonce = await nonceOf(channel)
    channel.write(`${begin(nonce)}\n${nonce} probe 0 0\n\n${nonce} end\n`)
    channel.stderr.write(begin(nonce))
  },
  'a process group that is everything': async channel => {
    const nonce = await nonceOf(channel)
    channel.write(`\n${nonce} begin 1 $(id) 1\n`)
  },
  'escapes instead of an answer': channel => {
    channel.stderr.write(`sudo: ${escapes}\n`.repeat(1000))
    channel.exit(1)
    channel.end()
  },
  'words that are no answer': async channel => {
    channel.write(`${begin(await nonceOf(channel))}\n${await nonceOf(channel)} ${escapes} -1 NaN\n`)
  },
  'a probe that was never asked for': async channel => {
    channel.write(`${begin(await nonceOf(channel))}\n${await nonceOf(channel)} probe 999999999 0\n`)
  },
  'a farewell of 30,000 characters': (_channel, client) => disconnect(client, escapes.repeat(800)),
  'the end of the connection': (_channel, client) => void client.end(),
}

/** What is said of each. */
export const reasons: Readonly<Record<string, string>> = {
  'a marker without end': 'at most 256 bytes',
  'markers without end': 'probe 0 on stdout answered twice',
  'empty lines without end': 'what is printed before the script begins is too long',
  'output without end before anything': 'what is printed before the script begins is too long',
  'output without end on stderr': 'what is printed before the script begins is too long',
  'output without end of a probe': 'its reply is too long',
  'a slow drip': 'much longer than the other hosts',
  'silence from the start': 'much longer than the other hosts',
  'silence after the beginning': 'much longer than the other hosts',
  'silence after the first answer': 'nothing was heard of it',
  'one stream that never ends': 'nothing was heard of it',
  'a process group that is everything': 'does not say where it runs',
  'escapes instead of an answer': 'did not run the script',
  'words that are no answer': 'unknown marker',
  'a probe that was never asked for': 'there is no probe 999999999',
  'a farewell of 30,000 characters': 'the connection was lost',
  'the end of the connection': 'the connection was lost',
}

const nonces = new WeakMap<ServerChannel, Promise<string>>()

// The script travels on stdin, and tells the word that its markers begin with.
function nonceOf(channel: ServerChannel): Promise<string> {
  const known = nonces.get(channel)
  if (known !== undefined) return known
  const found = readNonce(channel)
  nonces.set(channel, found)
  return found
}

async function readNonce(channel: ServerChannel): Promise<string> {
  let text = ''
  for (;;) {
    const [chunk] = (await once(channel, 'data')) as [Buffer]
    text += chunk.toString()
    const nonce = /^evcctl_nonce=(\w+)$/m.exec(text)?.[1]
    if (nonce !== undefined) return nonce
  }
}

function begin(nonce: string): string {
  return `\n${nonce} begin 999999 12345 999999\n`
}

async function endless(to: NodeJS.WritableStream, first: string, then: string): Promise<void> {
  to.write(first)
  // The window of the client is what holds it up; a server that does not keep to it is no worse than that.
  while (to.writable) {
    if (!to.write(then)) await once(to, 'drain')
    await sleep(0)
  }
}

/** Sends a message of SSH as it is, by its number and what follows. */
export function sendMessage(client: Connection, payload: Buffer): void {
  const protocol = (client as unknown as { _protocol: Protocol })._protocol
  const { write } = protocol._packetRW
  const packet = write.alloc(payload.length)
  packet.set(payload, write.allocStart)
  sendPacket(protocol, write.finalize(packet))
}

/** A string as SSH has it (RFC 4251, section 5). */
export function sshString(text: string | Buffer): Buffer {
  const bytes = Buffer.from(text as string)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

// ssh2 sends no text with SSH_MSG_DISCONNECT (RFC 4253, section 11.1): byte 1, reason, description, language.
function disconnect(client: Connection, text: string): void {
  const words = Buffer.from(text).subarray(0, 30_000)
  sendMessage(client, Buffer.concat([Buffer.from([1, 0, 0, 0, 11]), sshString(words), sshString('')]))
}

interface Protocol {
  readonly _packetRW: {
    readonly write: { readonly allocStart: number; alloc(bytes: number): Buffer; finalize(packet: Buffer): Buffer }
  }
}
