import type { FactModule } from '../core/facts.ts'
import { quote } from '../shell/quote.ts'
import { expectAtMost, mostNameservers } from './checks.ts'

export interface KubeletNameServerFacts {
  /** Name servers in the file that kubeletConfiguration.resolvConf names; empty where the host has no such file. */
  readonly kubeletNameservers: readonly string[]
}

/** Reads the name servers in a file with the format of resolv.conf(5). */
export function kubeletNameServerFacts(path: string): FactModule<KubeletNameServerFacts> {
  return {
    script: `at kubelet-nameservers
(
sed -n 's/^[[:space:]]*nameserver[[:space:]][[:space:]]*//p' -- ${quote(path)} 2>/dev/null

)
`,
    parse(sections) {
      const kubeletNameservers = sections('kubelet-nameservers').flatMap(line => line.trim().split(/\s+/)[0] || [])
      expectAtMost(kubeletNameservers, mostNameservers, 'name servers of its kubelet')
      return { kubeletNameservers }
    },
  }
}
