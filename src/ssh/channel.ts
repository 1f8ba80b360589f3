import type { ClientChannel } from 'ssh2'

/** How a command ended: both undefined when the channel closed without a word of it, which says nothing of the outcome. */
export interface ChannelEnd {
  readonly exitCode: number | undefined
  /** Name of the signal that ended it, e.g. `SIGKILL`. */
  readonly signal: string | undefined
}

/**
 * Resolves when a channel is closed and both its streams are read to their end. ssh2 tells of the close when stdout is;
 * stderr may have something left then. The exit code is taken from the close: the `exit` event may come before a
 * listener can be there.
 */
export async function channelClosed(channel: ClientChannel): Promise<ChannelEnd> {
  const [end] = await Promise.all([
    new Promise<ChannelEnd>(resolve => {
      channel.once('close', (code?: number | null, signal?: string) => {
        resolve({ exitCode: code ?? undefined, signal })
      })
    }),
    // One that has failed is closed without an end.
    new Promise<void>(resolve => channel.stderr.once('end', resolve).once('close', resolve)),
  ])
  return end
}
