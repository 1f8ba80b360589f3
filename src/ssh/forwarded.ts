import { Duplex } from 'node:stream'
import type { Channel } from 'ssh2'

// So much may be sent between two turns without waiting, bytes: a handshake, or a short script.
const mostUnwaited = 4 * 1024

// What an SSH server says before it is answered: its name and what it offers. RFC 4253 allows a packet 35,000 bytes.
const mostUnanswered = { bytes: 64 * 1024, pieces: 256 } as const

/** More came over a forwarded connection than an SSH server says before it is answered. */
export class Flooded extends Error {}

/** The connection to a jump host, which all hosts behind it share. */
export interface SharedLine {
  /** Waits until something large may be sent, or until `isOver`. Undefined for what must not wait. */
  readonly turn: ((isOver: () => boolean) => Promise<void>) | undefined
  /** Counts what was sent, bytes. */
  readonly sent: (bytes: number) => void
}

/**
 * The stream of a TCP connection that a jump host makes for us. ssh2's own channel asks the jump host to close it and
 * is closed when that answers, also after destroy(). This one ends when it is destroyed, whatever the jump host says,
 * as a socket does; and it ends on both sides when the other side ends. It waits for its turn before all that is not small:
 * what all hosts behind a jump host may send at once would fill the memory, and hold up what is short. It fails with Flooded
 * when more than 64 KiB or 256 pieces arrive before anything is written: many hosts may have to wait for their handshake,
 * and a hostile jump host could send the window of each.
 */
export function forwardedStream(channel: Channel, { turn, sent }: SharedLine): Duplex {
  let unwaited = 0
  let answered = false
  let pieces = 0
  const send = (chunk: Buffer, done: () => void): void => {
    if (stream.destroyed) {
      done()
      return
    }
    channel.write(chunk, () => {
      sent(chunk.length)
      done()
    })
  }
  const stream = new Duplex({
    allowHalfOpen: false,
    readableHighWaterMark: mostUnanswered.bytes,
    read: () => void channel.resume(),
    write: (chunk: Buffer, _encoding, done) => {
      answered = true
      unwaited += chunk.length
      if (turn === undefined || unwaited <= mostUnwaited) {
        send(chunk, done)
        return
      }
      unwaited = 0
      void turn(() => stream.destroyed).then(() => send(chunk, done))
    },
    final: done => {
      channel.end()
      done()
    },
    destroy: (error, done) => {
      // Data that still arrives is dropped, so that it uses no memory.
      channel.removeAllListeners('data').resume()
      channel.destroy()
      done(error)
    },
  })
  channel.on('data', (chunk: Buffer) => {
    pieces++
    if (!stream.push(chunk)) channel.pause()
    if (!answered && (channel.isPaused() || pieces > mostUnanswered.pieces))
      stream.destroy(new Flooded('it sends more than an SSH server does before it is answered'))
  })
  channel.once('end', () => {
    if (!stream.destroyed) stream.push(null)
  })
  channel.once('close', () => {
    // Data that has already arrived is read first.
    if (stream.readableEnded) stream.destroy()
    else stream.once('end', () => stream.destroy())
  })
  channel.on('error', (error: Error) => stream.destroy(error))
  return stream
}
