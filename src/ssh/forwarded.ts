import { Duplex } from 'node:stream'
import type { Channel } from 'ssh2'

/** So much is sent for a host before the others behind its jump host get their turn, bytes: a packet of a file. */
const turnBytes = 32 * 1024

// What an SSH server says before it is answered: its name and what it offers. RFC 4253 allows a packet 35,000 bytes.
const mostUnanswered = { bytes: 64 * 1024, pieces: 256 } as const

/** More came over a forwarded connection than an SSH server says before it is answered. */
export class Flooded extends Error {}

/**
 * The stream of a TCP connection that a jump host makes for us. ssh2's own channel asks the jump host to close it and
 * is closed when that answers, also after destroy(). This one ends when it is destroyed, whatever the jump host says,
 * as a socket does; and it ends on both sides when the other side ends. It waits for its `turn` after each 32 KiB: all hosts
 * behind a jump host share its connection, and what all of them may send at once would fill the memory, and hold up what is
 * short. It fails with Flooded when more than 64 KiB or 256 pieces arrive before anything is written: many hosts may have to wait for
 * their handshake, and a hostile jump host could send the window of each.
 */
export function forwardedStream(
  channel: Channel,
  turn: (sent: number, isOver: () => boolean) => Promise<void>,
): Duplex {
  let sent = 0
  let answered = false
  let pieces = 0
  const taken = (bytes: number, done: () => void): void => {
    sent += bytes
    if (sent < turnBytes) {
      done()
      return
    }
    void turn(sent, () => stream.destroyed).then(done)
    sent = 0
  }
  const stream = new Duplex({
    allowHalfOpen: false,
    readableHighWaterMark: mostUnanswered.bytes,
    read: () => void channel.resume(),
    write: (chunk: Buffer, _encoding, done) => {
      answered = true
      channel.write(chunk, () => taken(chunk.length, done))
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
