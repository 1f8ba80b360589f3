import type { Duplex } from 'node:stream'
import { withFaultOwner } from '../core/fault-owner.ts'

/** More than this never waits to be sent to a host that takes what it asks for: see Connection.room(). Bytes. */
const mostUnsent = 32 * 1024 * 1024

/** So much is read of a stream before all else gets its turn, bytes: as much as Node reads of a socket at a time. */
const turnBytes = 64 * 1024

/**
 * Guards the process against what speaks at the other end of a stream, whoever reads it:
 * - All else gets its turn after each 64 KiB. Node reads up to 2 MiB at a time, and that may be many small packets.
 * - A host that has replies made and does not take them loses its connection; they would fill the memory.
 * - What is thrown while its bytes are read ends this stream, and nothing else.
 */
export function guardStream(stream: Duplex): void {
  let read = 0
  stream.on('data', (chunk: Buffer) => {
    if (stream.writableLength > mostUnsent) {
      stream.destroy(new Error('it does not take what is sent to it'))
      return
    }
    if (read === 0) {
      setImmediate(() => {
        read = 0
        stream.resume()
      })
    }
    read += chunk.length
    if (read >= turnBytes) stream.pause()
  })
  const emit = stream.emit.bind(stream)
  const fail = (error: unknown) => stream.destroy(unreadable(error))
  stream.emit = (event: string | symbol, ...values: unknown[]) => {
    try {
      return withFaultOwner(fail, () => emit(event, ...values))
    } catch (error) {
      fail(error)
      return true
    }
  }
}

function unreadable(cause: unknown): Error {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new Error(`what it sent cannot be dealt with (${why})`, { cause })
}
