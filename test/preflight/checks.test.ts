import { describe, expect, test } from 'vitest'
import { kubeadm } from '../../distributions/kubeadm/index.ts'
import { privateAddressOf } from '../../src/cluster/index.ts'
import type { CheckName, ClusterSpec, HostFacts } from '../../src/index.ts'
import { checkHosts, ignoredFindings } from '../../src/preflight/index.ts'
import { factsOf, gib, specOf } from './given-hosts.ts'

interface Changes {
  readonly cp1?: Partial<HostFacts>
  readonly w1?: Partial<HostFacts>
}

function factsWith(changes: Changes) {
  return new Map([
    ['cp1', factsOf('cp1', 11, changes.cp1)],
    ['w1', factsOf('w1', 21, changes.w1)],
  ])
}

function check(changes: Changes, spec: ClusterSpec = specOf()) {
  return checkHosts({ spec, distribution: kubeadm, facts: factsWith(changes) }).map(({ error }) => error.details)
}

const listening = (port: number, process: string) => ({ listening: [{ port, address: '0.0.0.0', process }] })
const freeIn = (path: string, bytes: number) => ({ freeBytes: { ...factsOf('w1', 21).freeBytes, [path]: bytes } })

describe('hosts that are fit', () => {
  test.each<[string, Parameters<typeof check>[0]]>([
    ['as they are', {}],
    [
      'a derivative of Debian on ARM',
      { w1: { os: { id: 'armbian', like: ['debian'], version: '', name: '' }, architecture: 'arm64' } },
    ],
    [
      'ports taken by the components themselves, after a run that died',
      { cp1: listening(10259, 'kube-scheduler'), w1: listening(7443, 'nginx') },
    ],
    ['a process name that Linux cut off', { cp1: listening(10257, 'kube-controller') }],
    [
      'a node of the cluster has its ports taken',
      { cp1: { ...listening(6443, ''), kubernetes: { kubeletConf: true, adminConf: true, controlPlane: true } } },
    ],
    [
      'a full disk on a host that has everything',
      { w1: { ...freeIn('/var/lib', gib), kubernetes: { kubeletConf: true, adminConf: false, controlPlane: false } } },
    ],
    ['the same meaningless UUID', { cp1: { productUuid: 'Not Settable' }, w1: { productUuid: 'Not Settable' } }],
    ['no product UUID', { cp1: { productUuid: '' }, w1: { productUuid: '' } }],
    ['clocks within the limit', { w1: { clockOffsetMs: 29_000 } }],
    ['a controller whose own clock is wrong', { cp1: { clockOffsetMs: 3_600_000 }, w1: { clockOffsetMs: 3_600_100 } }],
    ['a resolver of its own and one of others', { w1: { nameservers: ['127.0.0.53', '192.0.2.1'] } }],
    ['a worker with one processor', { w1: { cpus: 1 } }],
    ['an etcd port taken on a worker', { w1: listening(2379, 'postgres') }],
  ])('are told of nothing: %s', (_, changes) => {
    expect(check(changes)).toEqual([])
  })

  test('cgroup version 1 is no obstacle before Kubernetes 1.35, or where the kubelet is told so', () => {
    const old = { w1: { cgroupVersion: 1 as const } }
    expect(check(old, specOf({ kubernetes: { version: '1.34.4' } }))).toEqual([])
    expect(check(old, specOf({ kubernetes: { kubeletConfiguration: { failCgroupV1: false } } }))).toEqual([])
  })

  test('hosts that did not answer are left out', () => {
    expect(checkHosts({ spec: specOf(), distribution: kubeadm, facts: new Map() })).toEqual([])
  })
})

describe('hosts that are not', () => {
  const cases: readonly [CheckName, Parameters<typeof check>[0], RegExp, RegExp][] = [
    [
      'os',
      { w1: { os: { id: 'fedora', like: [], version: '43', name: 'Fedora Linux 43' } } },
      /does not support the operating system/,
      /Fedora Linux 43/,
    ],
    ['architecture', { w1: { architecture: undefined, machine: 'armv7l' } }, /processor architecture/, /armv7l/],
    ['architecture', { w1: { userlandBits: 32 } }, /32 bit/, /32 bit/],
    ['systemd', { w1: { systemd: false } }, /not started by systemd/, /something else/],
    ['kernel', { w1: { kernel: '4.9.337-tegra' } }, /too old/, /4\.9\.337/],
    ['cgroups', { w1: { cgroupControllers: ['cpu', 'cpuset', 'io', 'pids'] } }, /controller memory/, /cpu, cpuset/],
    ['cgroups', { w1: { cgroupVersion: 1 } }, /version 1/, /version 1/],
    ['cpus', { cp1: { cpus: 1 } }, /too few processors/, /1/],
    ['memory', { cp1: { memoryBytes: 1_258_292 * 1024 } }, /too little memory for a control plane/, /1\.2 GiB/],
    ['memory', { w1: { memoryBytes: 0.5 * gib } }, /too little memory for a worker/, /512 MiB/],
    ['disk', { w1: freeIn('/var/lib', gib) }, /free space for \/var\/lib/, /1\.0 GiB/],
    ['clock', { w1: { clockOffsetMs: -45_000 } }, /differs from those of the other hosts/, /45\.0 s/],
    ['ports', { w1: listening(10250, 'java') }, /port 10250, which kubelet needs/, /java on 0\.0\.0\.0/],
    ['ports', { cp1: listening(6443, '') }, /port 6443/, /an unknown process/],
    ['machineId', { w1: { machineId: factsOf('cp1', 11).machineId } }, /same machine ID .* as cp1/, /0011/],
    ['machineId', { w1: { machineId: '' } }, /no machine ID/, /nothing/],
    ['productUuid', { w1: { productUuid: factsOf('cp1', 11).productUuid } }, /same product UUID/, /4c4c/],
    [
      'privateAddress',
      { w1: { addresses: ['10.0.0.5'] } },
      /192\.0\.2\.21 is not an address of the host/,
      /its address in cluster.yaml/,
    ],
    ['nameservers', { w1: { nameservers: [] } }, /no name server/, /none/],
    ['nameservers', { w1: { nameservers: ['127.0.0.53'] } }, /only name servers are its own/, /127\.0\.0\.53/],
  ]

  test.each(cases)('%s: %j', (name, changes, problem, actual) => {
    const found = check(changes)
    expect(found).toHaveLength(1)
    expect(found[0]).toMatchObject({
      problem: expect.stringMatching(problem),
      actual: expect.stringMatching(actual),
      expected: expect.stringMatching(/./),
      where: expect.stringMatching(/^(cp1 \(192\.0\.2\.11\)|w1 \(192\.0\.2\.21\))$/),
      next: expect.stringContaining(`spec.preflight.ignore: [${name}]`),
    })
    const ignoring = specOf({ preflight: { ignore: [name] } })
    expect(check(changes, ignoring)).toEqual([])
    const ignored = ignoredFindings({ spec: ignoring, distribution: kubeadm, facts: factsWith(changes) })
    expect(ignored.map(({ check: one, error }) => [one, error.details.problem])).toEqual([[name, found[0]?.problem]])
  })

  test('a Raspberry Pi without the memory controller is told how to get it', () => {
    const [found] = check({ w1: { cgroupControllers: ['cpu', 'cpuset', 'pids'] } })
    expect(found?.next).toMatch(/cgroup_enable=memory.*\/boot\/firmware\/cmdline\.txt/)
  })

  test('a control plane node that has another address now has to get its own back', () => {
    const kubernetes = { kubeletConf: true, adminConf: true, controlPlane: true }
    const [found] = check({ cp1: { addresses: ['192.0.2.99'], kubernetes } })
    expect(found?.next).toContain('give 192.0.2.11 back to the machine')
  })

  test.each(['machineId', 'productUuid'] as const)('one machine listed twice is not taken for a clone: %s', key => {
    const [found] = check({ w1: { [key]: factsOf('cp1', 11)[key] } })
    expect(found?.next).toMatch(/^If both are one machine, list it once, with all its roles\. If it was cloned/)
  })

  test('a kernel that is too old for Cilium is told where that is the network', () => {
    const old = { w1: { kernel: '5.4.0-150-generic' } }
    const [found] = check(old, specOf({ network: { cni: 'cilium' } }))
    expect(found).toMatchObject({ problem: 'The kernel of the host is too old for Cilium.', expected: '5.10 or newer' })
    expect(check(old)).toEqual([])
  })

  test('two hosts of one name are told where their names are left as they are', () => {
    const twins = { cp1: { hostname: 'raspberrypi' }, w1: { hostname: 'raspberrypi' } }
    expect(check(twins, specOf({ os: { setHostname: false } }))[0]?.problem).toMatch(/same host name as cp1/)
    expect(check(twins)).toEqual([])
  })

  test('all findings are reported at once', () => {
    expect(check({ cp1: { cpus: 1, nameservers: [] }, w1: { systemd: false } })).toHaveLength(3)
  })
})

test('a host whose facts cannot be checked is unfit alone, and that cannot be ignored', () => {
  const broken = {
    get os(): never {
      throw new RangeError('Maximum call stack size exceeded')
    },
  }
  const facts = new Map([
    ...factsWith({}),
    ['w1', Object.defineProperties(factsOf('w1', 21), Object.getOwnPropertyDescriptors(broken))],
  ])
  const found = checkHosts({ spec: specOf(), distribution: kubeadm, facts })
  expect(new Set(found.map(({ host }) => host))).toEqual(new Set(['w1']))
  expect(found[0]?.error.message).toContain('could not check the facts of the host')
})

test('a long list in a finding is cut after its first lines', () => {
  const nameservers = Array.from({ length: 100 }, (_, index) => `10.96.0.${index}`)
  const { actual = '' } = check({ w1: { nameservers } }).find(({ problem }) => problem.includes('serviceCIDR'))!
  expect(actual.split('\n')).toHaveLength(21)
  expect(actual).toMatch(/\nand 80 more$/)
})

describe('the private address', () => {
  const facts = factsOf('w1', 21, { addresses: ['10.0.0.5'], defaultRoute: { interface: 'eth0', address: '10.0.0.5' } })

  test.each([
    ['what is given', { privateAddress: '10.9.9.9' }, '10.9.9.9'],
    ['the address, if it is an IP', {}, '192.0.2.21'],
    ["the default route's, if it is a name", { address: 'w1.example' }, '10.0.0.5'],
  ])('is %s', (_, host, address) => {
    expect(privateAddressOf(specOf({}, host).hosts[1]!, facts)).toBe(address)
  })

  test('has to be given where there is no default route', () => {
    const found = check({ w1: { defaultRoute: undefined } }, specOf({}, { address: 'w1.example' }))
    expect(found[0]?.next).toContain('privateAddress: 192.0.2.21')
  })
})
