import { text } from 'node:stream/consumers'
import type { Hostility } from './hostile.ts'

/**
 * A host that answers with these facts. To all other probes it says that nothing is there (no output, exit code 1), or these
 * lines, or it ends the connection. `known`: what it prints instead for probes whose script has this text.
 */
export function answering(
  facts: string,
  then: 'says nothing is there' | 'ends the connection' | { readonly says: string },
  known: Readonly<Record<string, string>> = {},
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
    for (const one of script.split(/^(?=evcctl_probe \d+ )/m).slice(1)) {
      const probe = /\d+/.exec(one)?.[0]
      const answer = isFacts ? facts : Object.entries(known).find(([asked]) => one.includes(asked))?.[1]
      if (answer !== undefined) channel.write(answer)
      else if (typeof then === 'object') channel.write(then.says)
      for (const stream of [channel, channel.stderr])
        stream.write(`\n${nonce} probe ${probe} ${answer === undefined ? 1 : 0}\n`)
    }
    for (const stream of [channel, channel.stderr]) stream.write(`\n${nonce} end\n`)
    channel.exit(0)
    channel.end()
  }
}
