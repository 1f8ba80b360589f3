import { isIP, isIPv4 } from 'node:net'
import { posix } from 'node:path'
import { beginningOf } from '../core/cut.ts'
import type { HostFacts, RemainsFacts } from '../core/host.ts'

// What may do something to a terminal or end a line.
const control = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/
const longestText = 256
const longestPath = 4096
const mostAddresses = 20_000
const mostSockets = 100_000
// resolv.conf(5) makes use of three.
const mostNameservers = 100
// As many as the facts have room for.
const mostNetworks = 100_000
// The kernel has 32 (MAX_SWAPFILES).
const mostSwap = 100
// The script tells of 550 lines, 50 of them files of the kubelet with 100 settings each.
const mostRemains = 550
const mostKubeletFiles = 50
const mostSettings = 100
const century = 100 * 365 * 24 * 60 * 60 * 1000

/**
 * Facts go into files, scripts and certificates of other hosts, and to the terminal, so they have to be what they are
 * called. Throws Error for the first that is not: then the host is not what it says, or not in order.
 */
export function checkedFacts(facts: HostFacts): HostFacts {
  const { os, defaultRoute, addresses, listening, freeBytes } = facts
  expectThat(/^[A-Za-z0-9._-]{0,253}$/.test(facts.hostname), 'its host name', facts.hostname)
  for (const [what, text] of [
    ['its kernel', facts.kernel],
    ['its machine', facts.machine],
    ['its machine ID', facts.machineId],
    ['its product UUID', facts.productUuid],
    ['its system', [os.id, os.version, os.name, ...os.like].join(' ')],
    ['its cgroup controllers', facts.cgroupControllers.join(' ')],
  ] as const)
    expectThat(isText(text, longestText), what, text)
  for (const [list, most, what] of [
    [facts.swap, mostSwap, 'swap devices'],
    [addresses, mostAddresses, 'addresses'],
    [listening, mostSockets, 'listening sockets'],
    [facts.networks ?? [], mostNetworks, 'networks'],
    [facts.nameservers, mostNameservers, 'name servers'],
    [facts.kubeletNameservers ?? [], mostNameservers, 'name servers of its kubelet'],
    [facts.endpoint?.addresses ?? [], mostNameservers, 'addresses of the API endpoint'],
  ] as const)
    expectAtMost(list, most, what)
  for (const name of facts.swap) expectThat(isText(name, longestPath), 'a swap device', name)
  for (const address of addresses) expectThat(isIP(address) !== 0, 'an address', address)
  if (defaultRoute !== undefined) {
    expectThat(isInterface(defaultRoute.interface), 'the interface of its default route', defaultRoute.interface)
    expectThat(isIP(defaultRoute.address) !== 0, 'the address of its default route', defaultRoute.address)
  }
  for (const { device, range } of facts.networks ?? []) {
    expectThat(isInterface(device), 'an interface', device)
    expectThat(isNetwork(range), 'a network', range)
  }
  for (const { port, address, process } of listening) {
    expectThat(isIP(address) !== 0, 'an address that it listens on', address)
    expectThat(Number.isInteger(port) && port > 0 && port < 65_536, 'a port that it listens on', String(port))
    expectThat(isText(process, longestText), 'a process that listens', process)
  }
  if (facts.remains !== undefined) checkRemains(facts.remains)
  for (const [what, number] of [
    ['cpus', facts.cpus],
    ['memory', facts.memoryBytes],
    ...Object.entries(freeBytes),
  ] as const)
    expectThat(Number.isFinite(number) && number >= 0, `its ${what}`, String(number))
  expectThat(Math.abs(facts.clockOffsetMs) < century, 'its clock', `${facts.clockOffsetMs} ms away from this machine’s`)
  return facts
}

// People are told to move or delete these: none leads out of the folder that was looked into.
function checkRemains(remains: RemainsFacts): void {
  const { cniFiles, kubernetesFiles, kubeletSettings, interfaces, etcdFiles } = remains
  for (const list of Object.values(remains))
    if (Array.isArray(list)) expectAtMost(list, mostRemains, 'things of one kind that other software has left')
  expectAtMost(kubeletSettings, mostKubeletFiles, 'files of its kubelet')
  for (const { path, settings } of kubeletSettings) expectAtMost(settings, mostSettings, `settings in ${path}`)
  for (const path of cniFiles) expectThat(isBelow('/etc/cni/net.d/', path), 'a file in /etc/cni/net.d', path)
  for (const path of kubernetesFiles) expectThat(isBelow('/etc/kubernetes/', path), 'a file of Kubernetes', path)
  for (const path of etcdFiles) {
    const sound = ['/var/lib/etcd/', '/etc/systemd/system/', '/usr/lib/systemd/system/'].some(one => isBelow(one, path))
    expectThat(sound, 'a file of etcd', path)
  }
  for (const name of interfaces) expectThat(isInterface(name) && !name.startsWith('-'), 'an interface', name)
}

function isBelow(folder: string, path: string): boolean {
  return isText(path, longestPath) && path.startsWith(folder) && posix.normalize(path) === path && !path.endsWith('/')
}

// IFNAMSIZ of Linux is 16, with the zero at the end.
function isInterface(name: string): boolean {
  return /^[^\s/]{1,15}$/.test(name) && !control.test(name)
}

function isNetwork(range: string): boolean {
  const [address = '', prefix = ''] = range.split('/')
  return isIPv4(address) && /^\d{1,2}$/.test(prefix) && Number(prefix) <= 32
}

function isText(text: string, longest: number): boolean {
  return text.length <= longest && !control.test(text)
}

function expectAtMost(list: readonly unknown[], most: number, what: string): void {
  if (list.length > most) throw new Error(`it tells of ${list.length} ${what}, and at most ${most} can be right`)
}

function expectThat(sound: boolean, what: string, actual: string): void {
  if (sound) return
  throw new Error(`${what} cannot be right: ${JSON.stringify(beginningOf(actual, 100))}`)
}
