import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientChannel } from 'ssh2'
import { Countdown } from '../core/countdown.ts'
import { settledOrAborted } from '../core/settled-or-aborted.ts'
import { endGroupFunction } from '../shell/end-group.ts'
import type { RemoteGroup } from '../shell/remote-group.ts'
import { channelClosed } from './channel.ts'
import type { Connection } from './connection.ts'
import { openAsRoot, type RootState } from './root-channel.ts'
import { rootCommand } from './sudo.ts'

// TERM, 5 s, KILL, 2 s, and the way there.
const longestMs = 15_000
// How long what was sent may take to say where it runs, and what was ended to close its channel.
const graceMs = 5_000

/**
 * Ends what runs on a channel. It may have been sent only just now: then `group` is not known yet, and is waited for.
 * Resolves when it is gone, or to the reason why that is not known.
 */
export async function endRunning(
  connection: Connection,
  root: RootState | 'user',
  group: () => RemoteGroup | undefined,
  closed: Promise<unknown>,
): Promise<string | undefined> {
  let isClosed = false
  void closed.then(() => {
    isClosed = true
  })
  {
    using begins = new Countdown(graceMs)
    while (group() === undefined && !isClosed && connection.alive && !begins.signal.aborted) await sleep(20)
  }
  if (isClosed) return undefined
  const running = group()
  if (!connection.alive) return connection.endReason()
  if (running === undefined) return 'it has not said where it runs'
  const unknown = await endRemote(connection, root, running)
  using closes = new Countdown(graceMs)
  await settledOrAborted(closed, closes.signal)
  return unknown
}

// Over a second channel: closing the first one would leave its command running.
async function endRemote(
  connection: Connection,
  root: RootState | 'user',
  { pid, start, group }: RemoteGroup,
): Promise<string | undefined> {
  const script = `main() {
${endGroupFunction}
read -r evcctl_stat </proc/${pid}/stat || exit 0
set -- \${evcctl_stat##*) }
[ "\${20}" = ${start} ] && evcctl_end_group ${group}
exit 0
}
main </dev/null 2>/dev/null; exit
`
  using timeout = new Countdown(longestMs, 'the command to end it did not begin')
  const options = { urgent: true, signal: timeout.signal }
  try {
    const channel =
      root === 'user'
        ? await connection.exec('/bin/sh -s', options)
        : await openAsRoot(connection, root, mode => rootCommand(mode, 'script'), options)
    drain(channel)
    const closed = channelClosed(channel)
    channel.end(script)
    const late = new Promise<false>(resolve => {
      timeout.signal.addEventListener('abort', () => resolve(false), { once: true })
    })
    const ended = await Promise.race([closed.then(() => true), late])
    if (!ended) channel.close()
    return ended ? undefined : 'the command to end it did not return'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function drain(channel: ClientChannel): void {
  channel.resume()
  channel.stderr.resume()
}
