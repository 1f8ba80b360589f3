import { type FileHandle, open, stat } from 'node:fs/promises'
import type { ClientChannel } from 'ssh2'
import { Countdown } from '../core/countdown.ts'
import { Deadline } from '../core/deadline.ts'
import type { Limits } from '../core/limits.ts'
import { kindOf } from '../core/local-file.ts'
import type { PushPart } from '../shell/script.ts'
import { type Carrier, carryPart } from './carrier.ts'

const chunkBytes = 256 * 1024
const progressMs = 500

/** The transfer of a pushed file stalled, or was too slow. */
export class Stalled extends Error {}

/**
 * Copies a file of the controller to the host, where it is checked and put in place. No more than some MiB of it
 * are in memory, whatever the host says that it takes. A file that cannot be read fails the step, not the exchange. The exchange's deadlines are held while data
 * flows: it has to move on, and to be there within a time that depends on its size.
 */
export async function pushFile(
  carrier: Carrier,
  part: PushPart,
  deadlines: readonly Deadline[],
  bounds: Limits,
  onProgress: (line: string) => void,
): Promise<void> {
  const { decoder } = carrier
  if (part.first) decoder.jobStarted(part.job)
  let file: FileHandle
  let size: number
  try {
    const found = await stat(part.file)
    if (!found.isFile()) throw new Error(`It is ${kindOf(found)}, not a file`)
    file = await open(part.file)
    size = (await file.stat()).size
  } catch (error) {
    decoder.pushFailed(part.job, part.step, `${part.file} on this machine: ${(error as Error).message}`)
    return
  }
  try {
    await carryPart(carrier, 'receive', async (channel, ended) => {
      channel.write(`${part.line}\n`)
      for (const deadline of deadlines) deadline.hold()
      await stream(file, channel, ended, { size, bounds, carrier, onSent: progressLines(size, onProgress) })
      for (const deadline of deadlines) deadline.run()
    })
  } finally {
    await file.close()
  }
}

interface Sending {
  readonly size: number
  readonly bounds: Limits
  readonly carrier: Carrier
  readonly onSent: (bytes: number) => void
}

async function stream(
  file: FileHandle,
  channel: ClientChannel,
  ended: Promise<unknown>,
  { size, bounds, carrier, onSent }: Sending,
): Promise<void> {
  const longestMs = bounds.pushMs + (size / bounds.pushBytesPerSecond) * 1000
  using slowest = new Countdown(longestMs)
  let over = false
  const end = ended.then(() => {
    over = true
  })
  let sent = 0
  try {
    while (!over) {
      // A buffer of its own for each chunk: the channel may keep it until the window opens.
      const { bytesRead, buffer } = await file.read({ buffer: Buffer.allocUnsafe(chunkBytes) })
      if (bytesRead === 0) break
      sent += bytesRead
      if (!channel.write(buffer.subarray(0, bytesRead))) await moving(drained(channel), end, bounds.pushStallMs)
      const room = carrier.connection.room(() => over)
      await moving(room, end, bounds.pushStallMs)
      onSent(sent - channel.writableLength)
      if (slowest.signal.aborted)
        throw new Stalled(
          `only ${megabytes(sent)} of ${megabytes(size)} MB of a file could be sent within ${Math.round(longestMs / 1000)} s`,
        )
    }
    if (!over) channel.end()
  } finally {
    over = true
  }
}

function drained(channel: ClientChannel): Promise<void> {
  return new Promise(resolve => channel.once('drain', resolve))
}

// A write to a channel that is closed is never called back, hence the race.
function moving(next: Promise<void>, end: Promise<void>, stallMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const stall = new Deadline(stallMs, () =>
      reject(new Stalled(`nothing of the file could be sent for ${stallMs / 1000} s`)),
    )
    void Promise.race([next, end]).then(() => {
      stall.hold()
      resolve()
    })
  })
}

function progressLines(size: number, onProgress: (line: string) => void): (sent: number) => void {
  let last = performance.now()
  return sent => {
    const now = performance.now()
    if (now - last < progressMs) return
    last = now
    onProgress(`${megabytes(sent)} of ${megabytes(size)} MB`)
  }
}

function megabytes(bytes: number): string {
  return bytes < 10e6 ? (bytes / 1e6).toFixed(1) : Math.round(bytes / 1e6).toString()
}
