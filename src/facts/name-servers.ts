import { isIP } from 'node:net'
import type { FactModule } from '../core/facts.ts'
import { expectAtMost, mostNameservers } from './checks.ts'

export interface NameServerFacts {
  /**
   * Name servers of /etc/resolv.conf, and of the upstream file of systemd-resolved where /etc/resolv.conf names its stub.
   */
  readonly nameservers: readonly string[]
}

export const nameServerFacts: FactModule<NameServerFacts> = {
  script: `nameservers() {
  stub=
  while IFS= read -r said || [ -n "$said" ]; do
    case $said in nameserver*) printf '%s\\n' "$said" ;; esac
    case $said in 'nameserver 127.0.0.53'*) stub=yes ;; esac
  done
}
at nameservers
[ ! -f /etc/resolv.conf ] || nameservers </etc/resolv.conf
[ -z "\${stub:-}" ] || [ ! -f /run/systemd/resolve/resolv.conf ] || nameservers </run/systemd/resolve/resolv.conf
`,
  parse(sections) {
    const named = sections('nameservers').map(line => line.trim().split(/\s+/)[1] ?? '')
    // The resolver of the host also ignores whatever is no address.
    const nameservers = [...new Set(named)].filter(address => isIP(address) !== 0)
    expectAtMost(nameservers, mostNameservers, 'name servers')
    return { nameservers }
  },
}
