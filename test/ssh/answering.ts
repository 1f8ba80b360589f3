import { text } from 'node:stream/consumers'
import type { Hostility } from './hostile.ts'

/**
 * A host that answers with these facts. To all other probes it says that nothing is there (no output, exit code 1), or these
 * lines, or it ends the connection.
 */
export function answering(
  facts: string,
  then: 'says nothing is there' | 'ends the connection' | { readonly says: string },
): Hostility {
  return async (channel, client) => {
    const script = await text(channel)
    const nonce = /^evcctl_nonce=(\w+)$/m.exec(script)?.[1]
    const isFacts = script.includes('/etc/os-release')
    if (!isFacts && then === 'ends the connection') {
      client.end()
      return
    }
    for (const stream of [channel, channel.stderr]) stream.write(`\n${nonce} begin 999999 12345 999999\n`)
    for (const [, probe] of script.matchAll(/^evcctl_probe (\d+) /gm)) {
      if (isFacts) channel.write(facts)
      else if (typeof then === 'object') channel.write(then.says)
      for (const stream of [channel, channel.stderr]) stream.write(`\n${nonce} probe ${probe} ${isFacts ? 0 : 1}\n`)
    }
    for (const stream of [channel, channel.stderr]) stream.write(`\n${nonce} end\n`)
    channel.exit(0)
    channel.end()
  }
}
