import { Duplex } from 'node:stream'
import type { Channel } from 'ssh2'

/** So much is sent for a host before the others behind its jump host get their turn, bytes: a packet of a file. */
const turnBytes = 32 * 1024

/**
 * The stream of a TCP connection that a jump host makes for us. ssh2's own channel asks the jump host to close it and
 * is closed when that answers, also after destroy(). This one ends when it is destroyed, whatever the jump host says,
 * as a socket does; and it ends on both sides when the other side ends. It waits for its `turn` after each 32 KiB: all hosts
 * behind a jump host share its connection, and what all of them may send at once would fill the memory, and hold up what is
 * short.
 */
export function forwardedStream(
  channel: Channel,
  turn: (sent: number, isOver: () => boolean) => Promise<void>,
): Duplex {
  let sent = 0
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
    read: () => void channel.resume(),
    write: (chunk: Buffer, _encoding, done) => void channel.write(chunk, () => taken(chunk.length, done)),
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
    if (!stream.push(chunk)) channel.pause()
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
