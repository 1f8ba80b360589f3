import type { Probe } from '../../core/resource.ts'
import { quote } from '../../shell/quote.ts'

/** The name servers in a file of the form of resolv.conf(5); none where the host has no such file. */
export function resolvConfProbe(path: string): Probe<readonly string[]> {
  return {
    script: `sed -n 's/^[[:space:]]*nameserver[[:space:]][[:space:]]*//p' -- ${quote(path)} 2>/dev/null\n`,
    parse: ({ stdout }) => stdout.split('\n').flatMap(line => line.trim().split(/\s+/)[0] || []),
  }
}
