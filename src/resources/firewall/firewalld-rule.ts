import { anywhere, type FirewallRule, parsePorts, place, portsText } from './rule.ts'

export type Way = FirewallRule['way']

/** A rule in firewalld's notation of rich rules (firewalld.richlanguage(5)): getPolicySettings gives the same text. */
export function richRule({ protocol, ports, from, to }: FirewallRule): string {
  const parts = ['rule family="ipv4"']
  if (from !== anywhere) parts.push(`source address="${from}"`)
  if (to !== anywhere) parts.push(`destination address="${to}"`)
  if (ports !== undefined) parts.push(`port port="${portsText(ports)}" protocol="${protocol}"`)
  else if (protocol !== 'any') parts.push(`protocol value="${protocol}"`)
  return [...parts, 'accept'].join(' ')
}

/** Parses a rich rule; undefined: it is not one that evcctl writes. */
export function parseRich(text: string, way: Way): FirewallRule | undefined {
  const [matched, from, to, ports, ported, protocol] =
    /^rule family="ipv4"(?: source address="([^"]+)")?(?: destination address="([^"]+)")?(?: port port="([^"]+)" protocol="(tcp|udp)")?(?: protocol value="(tcp|udp)")? accept$/.exec(
      text,
    ) ?? []
  if (matched === undefined) return undefined
  const range = ports === undefined ? undefined : parsePorts(ports)
  return {
    way,
    protocol: (ported ?? protocol ?? 'any') as FirewallRule['protocol'],
    ...(range === undefined ? {} : { ports: range }),
    from: place(from),
    to: place(to),
    why: '',
  }
}

/** A rule in the notation of a policy's file (firewalld.policy(5)). */
export function ruleElement({ protocol, ports, from, to }: FirewallRule): string {
  const parts: string[] = []
  if (from !== anywhere) parts.push(`<source address="${from}"/>`)
  if (to !== anywhere) parts.push(`<destination address="${to}"/>`)
  if (ports !== undefined) parts.push(`<port port="${portsText(ports)}" protocol="${protocol}"/>`)
  else if (protocol !== 'any') parts.push(`<protocol value="${protocol}"/>`)
  parts.push('<accept/>')
  return `  <rule family="ipv4">\n${parts.map(part => `    ${part}\n`).join('')}  </rule>\n`
}
