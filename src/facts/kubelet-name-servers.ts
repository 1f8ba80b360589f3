import type { FactModule } from '../core/facts.ts'
import { quote } from '../shell/quote.ts'
import { expectAtMost, mostNameservers } from './checks.ts'

export interface KubeletNameServerFacts {
  /** Nameservers of the file that kubeletConfiguration.resolvConf names; none where the host has no such file. */
  readonly kubeletNameservers: readonly string[]
}

/** The name servers in a file of the form of resolv.conf(5). */
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
