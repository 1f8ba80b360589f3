import { isIP, isIPv4 } from 'node:net'
import { type DraftHost, hostLabel, hostPath } from '../draft.ts'
import { canonicalIp, ipKind } from '../ip.ts'
import type { Check, Report } from './check.ts'

const nodeAddressKinds = new Set(['unicast', 'private', 'carrierGradeNat', 'reserved', 'benchmarking'])

/** Checks that SSH and Kubernetes can use the addresses as written, and that no two hosts share one. */
export const checkAddresses: Check = (draft, report) => {
  for (const host of draft.hosts) {
    checkAddress(host, report)
    checkNodeAddress(host, report)
  }
  checkUniqueLogins(draft.hosts, draft.sections.ssh.port ?? 22, report)
  checkUniqueNodeAddresses(draft.hosts, draft.sections.ssh.port ?? 22, report)
  checkPrivateAgainstLogins(draft.hosts, report)
}

/** The address that other nodes use for this host, and its key; undefined if the file does not say. */
export function nodeAddress({
  host,
}: DraftHost): { readonly key: 'address' | 'privateAddress'; readonly ip: string } | undefined {
  const key = host.privateAddress === undefined ? 'address' : 'privateAddress'
  const ip = canonicalIp(host[key] ?? '')
  return ip === undefined ? undefined : { key, ip }
}

function checkAddress(draftHost: DraftHost, report: Report): void {
  const { address } = draftHost.host
  if (address === undefined || isIP(address) !== 0) return
  const path = hostPath(draftHost, 'address')
  const expected = 'an IP address, a DNS name or a Host alias of ~/.ssh/config'
  const problem = `"${address}" is not an address.`
  const [, scheme] = /^([a-z]+):\/\//.exec(address) ?? []
  const [, user, afterUser] = /^([^@]+)@(.+)$/.exec(address) ?? []
  const [, beforePort, port] = /^([^:]+):(\d+)$/.exec(address) ?? []
  const [, beforePrefix] = /^([\d.]+)\/\d+$/.exec(address) ?? []
  if (scheme !== undefined)
    report({ path, problem, expected, next: `Leave out ${scheme}://, and give user and port under ssh.` })
  else if (user !== undefined)
    report({ path, problem, expected, next: `Write address: ${afterUser} and ssh: { user: ${user} }` })
  else if (port !== undefined)
    report({ path, problem, expected, next: `Write address: ${beforePort} and ssh: { port: ${port} }` })
  else if (beforePrefix !== undefined) report({ path, problem, expected, next: `Write address: ${beforePrefix}` })
  else if (/^[\d.]+$/.test(address)) report({ path, problem: `"${address}" is not an IP address.`, expected })
  // The first character may not be a dash: OpenSSH would read the address as an option.
  else if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(address)) report({ path, problem, expected })
}

function checkNodeAddress(draftHost: DraftHost, report: Report): void {
  const { address, privateAddress } = draftHost.host
  const path = hostPath(draftHost, privateAddress === undefined ? 'address' : 'privateAddress')
  const ip = canonicalIp(privateAddress ?? address ?? '')
  if (privateAddress !== undefined && (ip === undefined || !isIPv4(ip))) {
    report({ path, problem: `"${privateAddress}" is not an IPv4 address.`, expected: 'an IPv4 address of this host' })
  } else if (ip !== undefined && !isIPv4(ip)) {
    report({
      path,
      problem: `${hostLabel(draftHost)} needs an IPv4 address for the traffic between nodes; this one is IPv6.`,
      next: 'Add privateAddress with an IPv4 address of this host.',
    })
  } else if (ip !== undefined && !nodeAddressKinds.has(ipKind(ip))) {
    report({
      path,
      problem: `Other nodes cannot reach ${hostLabel(draftHost)} at ${ip} (${ipKind(ip)}).`,
      expected: 'an address that is valid in the network of the nodes',
      ...(privateAddress === undefined ? { next: 'Add privateAddress with such an address.' } : {}),
    })
  }
}

// The same address behind another port or jump host is another machine.
function login({ host: { address = '', ssh } }: DraftHost, defaultPort: number): string {
  return JSON.stringify([canonicalIp(address) ?? address.toLowerCase(), ssh?.port ?? defaultPort, ssh?.proxyJump])
}

function checkUniqueLogins(hosts: readonly DraftHost[], defaultPort: number, report: Report): void {
  const seen = new Map<string, DraftHost>()
  for (const host of hosts) {
    const { address } = host.host
    if (address === undefined) continue
    const key = login(host, defaultPort)
    const other = seen.get(key)
    if (other === undefined) seen.set(key, host)
    else
      report({
        path: hostPath(host, 'address'),
        problem: `${address} is also the address of ${hostLabel(other)}.`,
        expected: 'an address of its own for every host',
        next: 'If it is one machine, list it once, with all its roles; else correct one of the addresses.',
      })
  }
}

function checkUniqueNodeAddresses(hosts: readonly DraftHost[], defaultPort: number, report: Report): void {
  const seen = new Map<string, { host: DraftHost; key: string }>()
  for (const host of hosts) {
    const node = nodeAddress(host)
    if (node === undefined) continue
    const other = seen.get(node.ip)
    if (other === undefined) {
      seen.set(node.ip, { host, key: node.key })
      continue
    }
    const bothAddresses = node.key === 'address' && other.key === 'address'
    // checkUniqueLogins has already reported this.
    if (bothAddresses && login(host, defaultPort) === login(other.host, defaultPort)) continue
    report({
      path: hostPath(host, node.key),
      problem: `${node.ip} is also the ${other.key} of ${hostLabel(other.host)}.`,
      expected: 'an address of its own for every host in the network of the nodes',
      ...(bothAddresses ? { next: 'If these are two machines behind one address, add privateAddress to each.' } : {}),
    })
  }
}

// Behind a jump host the same address can be another machine.
function checkPrivateAgainstLogins(hosts: readonly DraftHost[], report: Report): void {
  const logins = new Map<string, DraftHost>()
  for (const host of hosts) {
    const ip = canonicalIp(host.host.address ?? '')
    if (ip !== undefined && host.host.privateAddress !== undefined && host.host.ssh?.proxyJump === undefined)
      logins.set(ip, host)
  }
  for (const host of hosts) {
    const ip = canonicalIp(host.host.privateAddress ?? '')
    const other = ip === undefined ? undefined : logins.get(ip)
    if (other === undefined || other === host || host.host.ssh?.proxyJump !== undefined) continue
    report({
      path: hostPath(host, 'privateAddress'),
      problem: `${ip} is also the address of ${hostLabel(other)}.`,
      expected: 'an address of its own for every host',
    })
  }
}
