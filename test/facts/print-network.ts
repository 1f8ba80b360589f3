import { isIPv4 } from 'node:net'
import type { HostFacts, HostNetwork } from '../../src/facts/index.ts'

type Network = Pick<HostFacts, 'addresses'> & Partial<Pick<HostFacts, 'networks' | 'defaultRoute' | 'listening'>>

/** The sections of the modules network and listening. If no network contains any address, the host has no `ip`. */
export function printNetwork(told: Network): Readonly<Record<string, string>> {
  const { addresses, listening } = told
  const first = addresses.find(address => isIPv4(address)) ?? ''
  const networks =
    told.networks ?? addresses.filter(isIPv4).map(address => ({ range: `${address}/24`, device: 'eth0' }))
  const own = networks.filter(isOwn)
  const defaultRoute = 'defaultRoute' in told ? told.defaultRoute : { interface: 'eth0', address: first }
  const header = 'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask'
  return {
    ...(own.length === 0 ? withoutIp(addresses) : { addresses: withIp(own, addresses) }),
    routes: [header, ...networks.filter(one => !isOwn(one)).map(printRoute)].join('\n'),
    'default-route':
      defaultRoute === undefined || own.length === 0
        ? ''
        : `default via 192.0.2.1 dev ${defaultRoute.interface} proto dhcp src ${defaultRoute.address} metric 100`,
    ...(listening && { listening: [listeningHeader, ...listening.map(printSocket)].join('\n') }),
  }
}

// Whether a network is that of an own address: its range then has host bits or the prefix 32, unlike that of a route.
function isOwn({ range, gateway }: HostNetwork): boolean {
  const [address = '', prefix = '32'] = range.split('/')
  const bits = address.split('.').map(byte => Number(byte).toString(2).padStart(8, '0'))
  return gateway === undefined && (prefix === '32' || bits.join('').slice(Number(prefix)).includes('1'))
}

function withIp(own: readonly HostNetwork[], addresses: readonly string[]): string {
  const others = addresses.filter(address => !own.some(({ range }) => range.startsWith(`${address}/`)))
  return [
    ...own.map(({ range, device }) => `2: ${device}    inet ${range} scope global ${device}`),
    ...others.map(one => `2: eth0    ${isIPv4(one) ? `inet ${one}/24 scope global` : `inet6 ${one}/64 scope link`}`),
  ].join('\n')
}

function withoutIp(addresses: readonly string[]): Readonly<Record<string, string>> {
  const local = addresses.filter(isIPv4).flatMap(address => [`|-- ${address}`, '   /32 host LOCAL'])
  const groups = addresses.filter(one => !isIPv4(one)).map(one => /^fe80::(\w{1,4})$/.exec(one)?.[1] ?? '')
  const sixth = groups.map(end => `fe80${end.padStart(28, '0')} 02 40 20 80 eth0`)
  return { addresses: '', fib: local.join('\n'), 'if-inet6': sixth.join('\n') }
}

// /proc/net/route: device, destination, gateway, flags, references, use, metric, mask; each address as a little-endian word.
function printRoute({ range, device, gateway = '0.0.0.0' }: HostNetwork): string {
  const [destination = '', prefix = ''] = range.split('/')
  const mask = [0, 8, 16, 24].map(at => 256 - 2 ** (8 - Math.min(8, Math.max(0, Number(prefix) - at)))).join('.')
  return `${device}\t${wordOf(destination)}\t${wordOf(gateway)}\t0001\t0\t0\t0\t${wordOf(mask)}`
}

function wordOf(address: string): string {
  const bytes = address.split('.').map(byte => Number(byte).toString(16).toUpperCase().padStart(2, '0'))
  return bytes.reverse().join('')
}

const listeningHeader = 'State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess'

function printSocket({ port, address, process }: HostFacts['listening'][number]): string {
  const local = isIPv4(address) ? address : `[${address}]`
  return `LISTEN 0 128 ${local}:${port} 0.0.0.0:*${process === '' ? '' : ` users:(("${process}",pid=702,fd=3))`}`
}
