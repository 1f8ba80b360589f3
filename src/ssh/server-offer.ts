import type { Duplex } from 'node:stream'
import { plainText } from './plain-text.ts'

/** What a server says of itself before anything is agreed (RFC 4253, sections 4.2 and 7.1). */
export interface ServerOffer {
  /** E.g. `OpenSSH_9.2p1`; undefined when it did not say that it speaks SSH. */
  readonly software: string | undefined
  /** What it said instead, printable and short. */
  readonly greeting: string
  /** Its algorithms; undefined until they have come whole. */
  readonly kexalgorithms?: readonly string[]
  readonly hostkeyalgorithms?: readonly string[]
  readonly ciphers?: readonly string[]
  readonly macs?: readonly string[]
}

// A version exchange and one packet: OpenSSH's is 1 to 2 KiB.
const mostBytes = 64 * 1024
const kexInit = 20

/** Listens to the beginning of a stream beside ssh2, which does not tell what a server offers. */
export class OfferReader {
  readonly #stream: Duplex
  #bytes = Buffer.alloc(0)
  readonly #onData = (chunk: Buffer): void => {
    if (this.#bytes.length < mostBytes) this.#bytes = Buffer.concat([this.#bytes, chunk.subarray(0, mostBytes)])
    else this.stop()
  }

  constructor(stream: Duplex) {
    this.#stream = stream
    stream.on('data', this.#onData)
  }

  /** To be called when the handshake is done: what follows is not for us. */
  stop(): void {
    this.#stream.off('data', this.#onData)
  }

  read(): ServerOffer {
    return readServerOffer(this.#bytes)
  }
}

/** Reads the beginning of what a server sends, whatever that is. */
export function readServerOffer(bytes: Buffer): ServerOffer {
  const text = bytes.toString('latin1')
  const version = /(?:^|\n)SSH-(?:2\.0|1\.99)-([^\r\n]*)\r?\n/.exec(text)
  const greeting = plainText(text.slice(0, version?.index ?? 200))
  if (version === null) return { software: undefined, greeting }
  const software = plainText(version[1] ?? '')
  const packet = bytes.subarray(version.index + version[0].length)
  // uint32 length, byte of padding, byte of message number, 16 bytes of cookie, then the lists.
  const length = packet.length >= 6 ? packet.readUInt32BE(0) : 0
  if (length === 0 || packet.length < 4 + length || packet[5] !== kexInit) return { software, greeting }
  const lists: string[][] = []
  for (let at = 22; lists.length < 6; ) {
    if (at + 4 > 4 + length) return { software, greeting }
    const size = packet.readUInt32BE(at)
    if (at + 4 + size > 4 + length) return { software, greeting }
    lists.push(plainText(packet.toString('latin1', at + 4, at + 4 + size)).split(','))
    at += 4 + size
  }
  const [kex = [], hostKeys = [], ciphers = [], , macs = []] = lists
  return { software, greeting, kexalgorithms: kex, hostkeyalgorithms: hostKeys, ciphers, macs }
}
