import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type HostFacts, kubeletNameServerFacts } from '../../src/facts/index.ts'
import { remainsScript } from '../../src/facts/remains-script.ts'
import { kubeadmFacts } from '../../src/resources/kubeadm/facts.ts'
import { LocalPool } from '../engine/local-pool.ts'
import { noRemains } from '../preflight/given-hosts.ts'
import { readSections as parse, readFacts } from './read.ts'

const timing = { sentAt: 1_000_000, receivedAt: 1_000_200 }

describe('operating systems', () => {
  const release: readonly [string, string, HostFacts['os']][] = [
    [
      'Debian 13',
      'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nVERSION_ID="13"\nID=debian\nHOME_URL="https://www.debian.org/"',
      { id: 'debian', like: [], version: '13', name: 'Debian GNU/Linux 13 (trixie)' },
    ],
    [
      'Ubuntu on a Jetson',
      'PRETTY_NAME="Ubuntu 22.04.5 LTS"\nVERSION_ID="22.04"\nID=ubuntu\nID_LIKE=debian',
      { id: 'ubuntu', like: ['debian'], version: '22.04', name: 'Ubuntu 22.04.5 LTS' },
    ],
    [
      'Raspberry Pi OS, 32 bit',
      'PRETTY_NAME="Raspbian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nID=raspbian\nID_LIKE=debian',
      { id: 'raspbian', like: ['debian'], version: '12', name: 'Raspbian GNU/Linux 12 (bookworm)' },
    ],
    [
      'several in ID_LIKE, single quotes',
      "NAME='Some \"Linux\"'\nID=some\nID_LIKE='rhel fedora'",
      { id: 'some', like: ['rhel', 'fedora'], version: '', name: 'Some "Linux"' },
    ],
  ]
  test.each(release)('are told by os-release: %s', (_, os, expected) => {
    expect(parse({ os }).os).toEqual(expected)
  })

  test.each([
    ['x86_64', 'amd64'],
    ['aarch64', 'arm64'],
    ['armv7l', undefined],
    ['riscv64', undefined],
  ])('machine %s is architecture %s', (machine, architecture) => {
    expect(parse({ machine })).toMatchObject({ machine, architecture })
  })
})

test.each([
  ['   1', 32],
  ['   2', 64],
  ['', undefined],
])('programs of class %j have %s bits', (userland, bits) => {
  expect(parse({ userland }).userlandBits).toBe(bits)
})

test.each([
  ['90.27 301.11', 90_000],
  ['7', 7000],
  ['', undefined],
  ['-1 2', undefined],
  ['1e9 2', undefined],
  ['9'.repeat(400), undefined],
])('an uptime of %.20j is %s ms', (uptime, ms) => {
  expect(parse({ uptime }).uptimeMs).toBe(ms)
})

test('a host without any of the files has normal values everywhere', () => {
  expect(parse({})).toEqual({
    host: 'h',
    os: { id: '', like: [], version: '', name: '' },
    kernel: '',
    machine: '',
    architecture: undefined,
    hostname: '',
    machineId: '',
    productUuid: '',
    uptimeMs: undefined,
    cpus: 1,
    memoryBytes: 0,
    systemd: false,
    cgroupVersion: 1,
    cgroupControllers: [],
    addresses: [],
    defaultRoute: undefined,
    listening: [],
    freeBytes: { '/usr/local/bin': 0, '/var/lib': 0, '/etc': 0, '/tmp': 0 },
    clockOffsetMs: 0,
    roundTripMs: 200,
    kubernetes: { kubeletConf: false, adminConf: false, controlPlane: false },
    etcd: { data: 'none', own: false, ca: false, client: false },
    nameservers: [],
    networks: [],
    certificates: [],
    remains: noRemains,
    swap: [],
  })
})

test('a control plane node is distinguished from a host with only some of its files', () => {
  expect(parse({ kubernetes: 'kubelet.conf\nadmin.conf' }).kubernetes).toEqual({
    kubeletConf: true,
    adminConf: true,
    controlPlane: false,
  })
  expect(parse({ kubernetes: 'kubelet.conf\nadmin.conf\ncontrol-plane' }).kubernetes.controlPlane).toBe(true)
  expect(
    parse({ kubernetes: 'kubelet.conf\napiServer=1.36.4\nformerApiServer=1.35.8\nkubelet=1.35.8' }).kubernetes,
  ).toMatchObject({
    apiServer: '1.36.4',
    formerApiServer: '1.35.8',
    kubelet: '1.35.8',
  })
})

test('the image of etcd has a tag, if it is one', () => {
  expect(parse({ kubernetes: 'etcdTag=3.7.0-0' }).kubernetes.etcdTag).toBe('3.7.0-0')
  expect(parse({ kubernetes: 'etcdTag=3.7.0"; x' }).kubernetes).not.toHaveProperty('etcdTag')
})

test('the manifest of etcd has an age, if the clock was not set back since', () => {
  expect(parse({ kubernetes: 'etcdPlaced=12' }).kubernetes.etcdPlacedMs).toBe(12_000)
  expect(parse({ kubernetes: 'etcdPlaced=-3600' }).kubernetes).not.toHaveProperty('etcdPlacedMs')
  expect(() => parse({ kubernetes: 'etcdPlaced=soon' })).toThrow(
    'the age of its manifest of etcd cannot be right: "soon"',
  )
})

describe('cgroups', () => {
  test('of version 2 are listed where they are enabled', () => {
    const facts = parse({ cgroup2: 'cpuset cpu io memory pids' })
    expect(facts).toMatchObject({ cgroupVersion: 2, cgroupControllers: ['cpuset', 'cpu', 'io', 'memory', 'pids'] })
  })

  test('of version 1 are known by which are enabled: a Raspberry Pi lacks memory without cgroup_enable=memory', () => {
    const cgroup1 = '#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t3\t60\t1\nmemory\t0\t72\t0\npids\t5\t66\t1'
    expect(parse({ cgroup1 })).toMatchObject({ cgroupVersion: 1, cgroupControllers: ['cpu', 'pids'] })
  })
})

describe('addresses and routes', () => {
  const addresses = [
    '1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever',
    '1: lo    inet6 ::1/128 scope host noprefixroute \\       valid_lft forever preferred_lft forever',
    '2: eth0    inet 10.8.0.99/24 brd 10.8.0.255 scope global secondary eth0\\       valid_lft forever',
    '2: eth0    inet 10.8.0.7/24 brd 10.8.0.255 scope global dynamic eth0\\       valid_lft 3000sec',
    '2: eth0    inet6 fe80::1/64 scope link \\       valid_lft forever preferred_lft forever',
    '5: veth0@if4    inet 172.16.0.1/16 scope global veth0\\       valid_lft forever preferred_lft forever',
  ].join('\n')

  test('the loopback interface is left out', () => {
    expect(parse({ addresses }).addresses).toEqual(['10.8.0.99', '10.8.0.7', 'fe80::1', '172.16.0.1'])
  })

  test('the default route’s address is the primary one of its interface', () => {
    const facts = parse({ addresses, 'default-route': 'default via 10.8.0.1 dev eth0 proto dhcp metric 100' })
    expect(facts.defaultRoute).toEqual({ interface: 'eth0', address: '10.8.0.7' })
  })

  test('a source address of the route itself wins, and so does the lowest metric', () => {
    const routes = [
      'default via 192.168.55.100 dev usb0 metric 20600',
      'default via 10.8.0.1 dev eth0 proto dhcp src 10.8.0.99 metric 100',
    ]
    const facts = parse({ addresses, 'default-route': routes.join('\n') })
    expect(facts.defaultRoute).toEqual({ interface: 'eth0', address: '10.8.0.99' })
  })

  test('without ip, /proc has the same facts', () => {
    const facts = parse({
      fib: [
        'Main:',
        '  +-- 0.0.0.0/0 3 0 5',
        '     |-- 10.8.0.0',
        '        /24 link UNICAST',
        '     |-- 10.8.0.7',
        '        /32 host LOCAL',
        '     |-- 127.0.0.1',
        '        /32 host LOCAL',
        '     |-- 172.16.0.1',
        '        /32 host LOCAL',
      ].join('\n'),
      'if-inet6':
        'fe800000000000000000000000000001 02 40 20 80     eth0\n00000000000000000000000000000001 01 80 10 80       lo',
      routes: [
        'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
        'eth0\t00000000\t0100080A\t0003\t0\t0\t100\t00000000\t0\t0\t0',
        'eth0\t0000080A\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0',
      ].join('\n'),
    })
    expect(facts.addresses).toEqual(['10.8.0.7', '172.16.0.1', 'fe80::1'])
    expect(facts.defaultRoute).toEqual({ interface: 'eth0', address: '10.8.0.7' })
  })
})

describe('listening sockets', () => {
  test('are read from what ss prints', () => {
    const listening = [
      'State  Recv-Q Send-Q Local Address:Port  Peer Address:PortProcess',
      'LISTEN 0      4096   127.0.0.53%lo:53    0.0.0.0:*    users:(("systemd-resolve",pid=365,fd=15))',
      'LISTEN 0      128          0.0.0.0:22    0.0.0.0:*    users:(("sshd",pid=1,fd=3),("systemd",pid=1,fd=50))',
      'LISTEN 0      128             [::]:22       [::]:*',
      'LISTEN 0      4096               *:10250      *:*',
      'LISTEN 0      5      [fe80::1]%eth0:8080     [::]:*',
    ]
    expect(parse({ listening: listening.join('\n') }).listening).toEqual([
      { port: 53, address: '127.0.0.53', process: 'systemd-resolve' },
      { port: 22, address: '0.0.0.0', process: 'sshd' },
      { port: 22, address: '::', process: '' },
      { port: 10250, address: '::', process: '' },
      { port: 8080, address: 'fe80::1', process: '' },
    ])
  })

  test('are read from /proc/net/tcp and tcp6 where there is no ss', () => {
    const tcp = [
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
      '   0: 0100007F:192B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0',
      '   1: 0700080A:0016 0900080A:D2F0 01 00000000:00000000 02:000A8C3F 00000000     0        0 2 2 0 20 4 30 10 -1',
      '   0: 00000000000000000000000000000000:280A 00000000000000000000000000000000:0000 0A 00000000:00000000',
      '   1: 000080FE00000000000000000100000000:0016 0:0 01',
      '   2: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000',
    ]
    expect(parse({ tcp: tcp.join('\n') }).listening).toEqual([
      { port: 6443, address: '127.0.0.1', process: '' },
      { port: 10250, address: '::', process: '' },
      { port: 8080, address: '::1', process: '' },
    ])
  })
})

test('free space is told for all folders, also on mount points with blanks', () => {
  const free = [
    'Filesystem 1024-blocks Used Available Capacity Mounted on',
    '/dev/mmcblk0p2 30000000 1000 2000 5% /',
    '/dev/sda1 30000000 1000 3000 5% /mnt/my disk',
    'overlay 30000000 1000 4000 5% /',
  ]
  expect(parse({ free: free.join('\n') }).freeBytes).toEqual({
    '/usr/local/bin': 2_048_000,
    '/var/lib': 3_072_000,
    '/etc': 4_096_000,
    '/tmp': 0,
  })
})

test('swap, nameservers and what kubeadm left are read from their files', () => {
  const facts = parse({
    swaps: 'Filename\tType\tSize\tUsed\tPriority\n/dev/zram0 partition 100 0 5\n/my\\040swap file 100 0 -2',
    nameservers: 'nameserver 127.0.0.53\nnameserver 10.0.0.1\nnameserver 10.0.0.1',
    kubernetes: 'kubelet.conf',
    init: 'systemd\nbooted-with-systemd',
    memory: 'MemTotal:        8000000 kB',
    cpus: '4',
  })
  expect(facts).toMatchObject({
    swap: ['/dev/zram0', '/my swap'],
    nameservers: ['127.0.0.53', '10.0.0.1'],
    kubernetes: { kubeletConf: true, adminConf: false, controlPlane: false },
    systemd: true,
    memoryBytes: 8_192_000_000,
    cpus: 4,
  })
})

test('an address on lo is an address of the host, and comes last', () => {
  const lines = [
    '1: lo    inet 127.0.0.1/8 scope host lo',
    '1: lo    inet 192.0.2.7/32 scope global lo',
    '1: lo    inet6 ::1/128 scope host',
    '2: eth0    inet 10.0.0.5/24 brd 10.0.0.255 scope global eth0',
  ]
  const facts = parse({ addresses: lines.join('\n') })
  expect(facts.addresses).toEqual(['10.0.0.5', '192.0.2.7'])
  expect(facts.networks).toEqual([
    { range: '192.0.2.7/32', device: 'lo' },
    { range: '10.0.0.5/24', device: 'eth0' },
  ])
})

test('text that is no address is left out', () => {
  const facts = parse({
    addresses: '2: eth0    inet $(reboot)/24 scope global eth0\n2: eth0    inet 10.0.0.5/24 scope global eth0',
    'default-route': 'default via 10.0.0.1 dev eth0 src 10.0.0.5;reboot',
  })
  expect(facts.addresses).toEqual(['10.0.0.5'])
  expect(facts.defaultRoute).toBeUndefined()
})

test('networks are those of addresses and of routes, without the default', () => {
  const routes = [
    'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
    'eth0\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\t0\t0',
    'eth0\t0000000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0',
    'eth1\t000010AC\tFE00000A\t0003\t0\t0\t0\t0000F0FF\t0\t0\t0',
  ]
  expect(parse({ routes: routes.join('\n') }).networks).toEqual([
    { range: '10.0.0.0/24', device: 'eth0' },
    { range: '172.16.0.0/12', device: 'eth1', gateway: '10.0.0.254' },
  ])
})

test('the name servers of the kubelet are those of its own file', () => {
  const stdout = '\n@@ kubelet-nameservers\n192.0.2.53\n@@ end\n'
  const facts = readFacts('h', stdout, timing, [kubeletNameServerFacts('/etc/kubelet/resolv.conf')])
  expect(facts.kubeletNameservers).toEqual(['192.0.2.53'])
})

test.each([
  ['hostname', 'a b'],
  ['kernel', '6.1\u001b[2J'],
  ['machine-id', 'x'.repeat(300)],
  ['os', 'ID=debian\nPRETTY_NAME="a\u202eb"'],
  ['default-route', 'default via 192.0.2.1 dev $(reboot)xxxxxxxxxx src 192.0.2.11'],
  ['addresses', '2: eth0    inet 192.0.2.300/24 scope global'],
  ['listening', 'LISTEN 0 128 0.0.0.0:99999 0.0.0.0:*'],
  ['kubernetes', 'apiServer=1.36.$(id)'],
  ['listening', 'LISTEN 0 128 $(id):22 0.0.0.0:*'],
  [
    'free',
    'x\n/dev/sda1 1 1 99999999999999999999999999999999999999999999999999999 26% /'.replace('9', '9'.repeat(300)),
  ],
])('%s that cannot be right is an error of the host', (section, text) => {
  expect(() => parse({ [section]: text })).toThrow(/cannot be right: /)
})

test('lines without end are read in time that grows with their length', { timeout: 20_000 }, () => {
  const endless = [
    '2:'.padEnd(300_000, 'x'),
    `2: ${':'.repeat(300_000)}`,
    `2: eth0${' '.repeat(300_000)}`,
    ':1'.repeat(150_000),
  ]
  for (const line of endless)
    for (const section of ['addresses', 'listening', 'default-route', 'free', 'os', 'swaps', 'memory', 'fib'])
      try {
        parse({ [section]: `LISTEN ${line}\n${line}` })
      } catch (error) {
        expect((error as Error).message).toContain('cannot be right')
      }
})

test('the script names what another etcd has on the host, and leaves out what evcctl wrote', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'evcctl-etcd-'))
  try {
    await mkdir(join(folder, 'data', 'default'), { recursive: true })
    await mkdir(join(folder, 'data', 'lost+found'))
    await mkdir(join(folder, 'units', 'etcd.service.d'), { recursive: true })
    await writeFile(join(folder, 'units', 'etcd.service'), '# Kept by evcctl: …\n[Unit]\n')
    await writeFile(join(folder, 'units', 'etcd.service.d', 'x.conf'), '[Service]\n')
    const script = remainsScript(kubeadmFacts)
      .replaceAll('/var/lib/etcd', join(folder, 'data'))
      .replaceAll('/etc/systemd/system/etcd', join(folder, 'units', 'etcd'))
    const { stdout } = await new LocalPool(['/bin/sh']).run(script)
    const found = stdout.split('\n').filter(line => line.startsWith('etcd '))
    expect(found).toEqual([`etcd ${folder}/data/default`, `etcd ${folder}/units/etcd.service.d/x.conf`])
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('a file that is left keeps the blanks in its name', () => {
  expect(parse({ remains: 'kubernetes /etc/kubernetes/pki/a b.crt' }).remains.kubernetesFiles).toEqual([
    '/etc/kubernetes/pki/a b.crt',
  ])
})

describe('a host that sends much occupies nobody', () => {
  const much = 1024 * 1024

  test.each([
    ['memory', `MemTotal: ${'1'.repeat(much)}`],
    ['free', `x\n${' 1'.repeat(much)}\n`.repeat(3)],
    ['free', `x\n ${'1'.repeat(much)}`],
    ['os', `PRETTY_NAME="${'\\"'.repeat(much)}`],
    ['addresses', `2: ${'a@'.repeat(much)}`],
    ['listening', `LISTEN 0 128 ${'%['.repeat(much)}:22`],
  ])('in one line: %s', (section, text) => {
    expect(() => parse({ [section]: text })).not.toThrow(/too early/)
  })

  test('in many lines', () => {
    const remains = parse({ remains: 'interface tunl0\n'.repeat(30_000) }).remains
    expect(remains.interfaces).toHaveLength(550)
  })
})

test('a rotation of the CA is one of a control plane node alone, whatever another host says', () => {
  const said = `caRotation=${'a'.repeat(64)}\ncaFilesApart\ntrustsFormerCa\nnextCaKey\ncrossCertificate`
  expect(parse({ kubernetes: `kubelet.conf\n${said}` }).kubernetes).not.toHaveProperty('caRotation')
  expect(parse({ kubernetes: `kubelet.conf\n${said}` }).kubernetes).not.toHaveProperty('crossCertificate')
  expect(parse({ kubernetes: `kubelet.conf\nadmin.conf\ncontrol-plane\n${said}` }).kubernetes).toMatchObject({
    caRotation: { next: 'a'.repeat(64), apart: true, trustsFormer: true, hasKey: true },
    crossCertificate: true,
  })
})
