import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientChannel } from 'ssh2'
import { endGroupFunction } from '../shell/functions.ts'
import type { RemoteGroup } from '../shell/stream.ts'
import { channelClosed } from './channel.ts'
import type { Connection } from './connection.ts'
import { openAsRoot, type RootState } from './root-channel.ts'
import { rootCommand } from './sudo.ts'

// TERM, 5 s, KILL, 2 s, and the way there.
const longestMs = 15_000

/**
 * Ends a process group on the host over a second channel: closing the first one would leave its command running.
 * Resolves when the group is gone, or to the reason why that is not known.
 */
export async function endRemote(
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
  const timeout = new AbortController()
  try {
    const channel =
      root === 'user'
        ? await connection.exec('/bin/sh -s', { urgent: true })
        : await openAsRoot(connection, root, mode => rootCommand(mode, 'script'), { urgent: true })
    drain(channel)
    const closed = channelClosed(channel)
    channel.end(script)
    const ended = await Promise.race([
      closed.then(() => true),
      sleep(longestMs, false, { signal: timeout.signal }).catch(() => false),
    ])
    if (!ended) channel.close()
    return ended ? undefined : 'the command to end it did not return'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    timeout.abort()
  }
}

function drain(channel: ClientChannel): void {
  channel.resume()
  channel.stderr.resume()
}
