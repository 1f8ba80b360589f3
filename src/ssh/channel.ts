import type { ClientChannel } from 'ssh2'

/** How a command ended. Both fields are undefined when the channel closed without an exit status: the outcome is unknown. */
export interface ChannelEnd {
  readonly exitCode: number | undefined
  /** Name of the signal that ended the command, e.g. `SIGKILL`. */
  readonly signal: string | undefined
}

/**
 * Resolves when a channel is closed and both its streams are read to their end. ssh2 emits `close` when stdout has ended;
 * stderr may then have unread data. The exit code is taken from `close`, since `exit` may be emitted before a listener
 * can be attached.
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
