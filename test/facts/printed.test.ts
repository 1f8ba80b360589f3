import { expect, test } from 'vitest'
import { printedFacts, retold, type Told } from './printed.ts'

const { remains, etcd } = printedFacts('w1', '192.0.2.21')
const own = (range: string) => ({ range, device: 'eth0' })

test.each<[string, Told]>([
  [
    'a control plane node on which a run of kubeadm was cut off',
    {
      kubernetes: { kubeletConf: true, adminConf: true, controlPlane: true },
      remains: { ...remains, begun: true },
    },
  ],
  [
    'a control plane node without admin.conf',
    { kubernetes: { kubeletConf: true, adminConf: false, controlPlane: true } },
  ],
  ['a place that the script does not look at', { etcd: { ...etcd, unmounted: ['/home'] } }],
  [
    'a refused connection that failed in another way',
    { endpoint: { addresses: [], connection: 'refused', said: 'No route to host', asked: false } },
  ],
  ['an architecture that its machine has not', { machine: 'aarch64', architecture: 'amd64' }],
  ['less than a kilobyte of memory', { memoryBytes: 100 }],
  ['a network without the address that it is in', { addresses: ['192.0.2.21'], networks: [own('192.0.2.22/24')] }],
])('a test cannot fake %s', (_what, told) => {
  expect(() => printedFacts('w1', '192.0.2.21', told)).toThrow('No host can tell of')
})

test('a host can get one more fact, and the others stay', () => {
  const networks = [own('192.0.2.21/24'), { range: '10.0.0.0/8', device: 'eth0', gateway: '192.0.2.1' }]
  const facts = printedFacts('w1', '192.0.2.21', { networks, clockOffsetMs: -250, systemd: false, swap: ['/my swap'] })
  const told = { etcd: { data: 'formed', own: true, ca: true, client: false } } as const
  expect(retold(facts, told)).toEqual({ ...facts, ...told })
})
