import type { Readable } from 'node:stream'

// ssh2 names it in each request for a channel, bytes.
const fullWindow = 2 * 1024 * 1024
// A smaller addition is not worth a message, bytes: the largest packet.
const leastAddition = 32 * 1024

/** What evcctl uses of ssh2's own channel. ssh2 does not publish it, so package.json pins the minor version. */
export interface OpenChannel extends Readable {
  readonly type: string
  readonly stderr: Readable
  readonly incoming: { window: number }
  readonly outgoing: { readonly id: number; readonly state: string }
}

/** Tells the server that it may send so many bytes more on a channel. */
type Allow = (channel: number, bytes: number) => void

const watched = new WeakSet<OpenChannel>()

/**
 * Takes data of a channel from the server, in the place of ssh2. Nothing more is allowed to the server than what the window
 * leaves beside all that waits here to be read, on stdout and stderr together: 2 MiB. ssh2 looks only at the stream that
 * data is for, so one byte on stderr opened the window again while stdout was full and nobody read it. `stream` is undefined
 * for data that nobody wants. Throws an error when the server sends more than it may (RFC 4254, section 5.2).
 */
export function takeData(channel: OpenChannel, stream: Readable | undefined, data: Buffer, allow: Allow): void {
  if (data.length > channel.incoming.window) throw new Error('it sends more than it was told to')
  channel.incoming.window -= data.length
  if (!watched.has(channel)) watch(channel, allow)
  stream?.push(data)
  openWindow(channel, allow)
}

// There is no event of a stream for "something was read", and its _read() is not called as long as more waits than a little.
function watch(channel: OpenChannel, allow: Allow): void {
  watched.add(channel)
  for (const stream of [channel, channel.stderr]) {
    const read = stream.read.bind(stream)
    stream.read = size => {
      const chunk: unknown = read(size)
      if (chunk !== null) openWindow(channel, allow)
      return chunk
    }
  }
}

function openWindow({ incoming, outgoing, readableLength, stderr }: OpenChannel, allow: Allow): void {
  const addition = fullWindow - incoming.window - readableLength - stderr.readableLength
  if (incoming.window > fullWindow / 2 || addition < leastAddition || outgoing.state === 'closed') return
  incoming.window += addition
  allow(outgoing.id, addition)
}
