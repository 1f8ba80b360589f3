import { encodeHolder } from '../../src/engine/lock-state.ts'

/** Values in which a host may differ. */
export interface TextOfHost {
  readonly name?: string
  readonly address?: string
  /** Lines of the section kubernetes, such as `control-plane`; none by default: no node yet. */
  readonly kubernetes?: readonly string[]
  /** Lines of the section remains, about other software; none by default. */
  readonly remains?: readonly string[]
  /** Lines of the section certificates; none by default. */
  readonly certificates?: readonly string[]
  /** The clock of the host, s since the epoch. */
  readonly clock?: number
}

const holder = {
  run: '20261128-072000-ab12',
  user: 'ada',
  machine: 'laptop 8d1f 4026531836',
  controller: 'laptop',
  pid: 4711,
  since: 1_795_865_500_000,
}

/** The output of a Debian host that can become a node, section by section, exactly as a real one prints it. */
export function sectionsOf({
  name = 'w1',
  address = '192.0.2.21',
  kubernetes = [],
  remains = [],
  certificates = [],
  clock = 1_795_865_508,
}: TextOfHost = {}): Readonly<Record<string, string>> {
  const number = Number(address.split('.')[3])
  return {
    clock: `${clock}.351356376`,
    os: `PRETTY_NAME="Debian GNU/Linux 13 (trixie)"
NAME="Debian GNU/Linux"
VERSION_ID="13"
VERSION="13 (trixie)"
VERSION_CODENAME=trixie
ID=debian
HOME_URL="https://www.debian.org/"`,
    hostname: name,
    kernel: '6.12.48+deb13-amd64',
    machine: 'x86_64',
    userland: '   2',
    'machine-id': `3d1219c7c4c5404aaa1f6d2a48ad${String(number).padStart(4, '0')}`,
    'product-uuid': `4c4c4544-0000-0000-0000-00000000${String(number).padStart(4, '0')}`,
    cpus: '4',
    memory: 'MemTotal:       24684100 kB',
    init: `systemd
booted-with-systemd`,
    cgroup2: 'cpuset cpu io memory hugetlb pids rdma',
    cgroup1: '',
    addresses: `1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever
1: lo    inet6 ::1/128 scope host \\       valid_lft forever preferred_lft forever
2: eth0    inet ${address}/24 brd 192.0.2.255 scope global eth0\\       valid_lft forever preferred_lft forever
2: eth0    inet6 fe80::fc:ff:fe00:${number}/64 scope link \\       valid_lft forever preferred_lft forever
5: docker0    inet 172.17.0.1/16 brd 172.17.255.255 scope global docker0\\       valid_lft forever preferred_lft forever`,
    fib: '',
    'if-inet6': '',
    routes: `Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	010200C0	0003	0	0	0	00000000	0	0	0
docker0	000011AC	00000000	0001	0	0	0	0000FFFF	0	0	0
eth0	000200C0	00000000	0001	0	0	0	00FFFFFF	0	0	0`,
    'default-route': `default via 192.0.2.1 dev eth0 proto dhcp src ${address} metric 100`,
    listening: `State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess
LISTEN 0      128          0.0.0.0:22        0.0.0.0:*    users:(("sshd",pid=702,fd=3))
LISTEN 0      128             [::]:22           [::]:*    users:(("sshd",pid=702,fd=4))`,
    tcp: '',
    free: `Filesystem     1024-blocks     Used Available Capacity Mounted on
/dev/vda         264212084 21939412  73561852      23% /
/dev/vda         264212084 21939412  73561852      23% /
/dev/vda         264212084 21939412  73561852      23% /
/dev/vda         264212084 21939412  73561852      23% /`,
    kubernetes: kubernetes.join('\n'),
    etcd: '',
    nameservers: 'nameserver 192.0.2.1',
    remains: remains.join('\n'),
    certificates: certificates.join('\n'),
    swaps: `Filename				Type		Size		Used		Priority
/dev/vda2                               partition	2097148		0		-2`,
    applied: '',
    lock: `lock.generation 3
lock.holder ${encodeHolder(holder)}
lock.replaced
lock.heartbeat bf5bb8ff-7661-43d8-866d-50aa867090cf 23330
lock.fence 3 20261128-072000-ab12
lock.now bf5bb8ff-7661-43d8-866d-50aa867090cf 23338`,
    'clock-end': `${clock}.475063050`,
  }
}

/** The output of the script that reads a host, of what each section has. */
export function textOf(sections: Readonly<Record<string, string>>): string {
  const printed = Object.entries(sections).map(([name, lines]) => `\n@@ ${name}\n${lines}${lines === '' ? '' : '\n'}`)
  return `${printed.join('')}\n@@ end\n`
}

/**
 * What the facts script prints on that host. Always the same, so that a test which changes it at random does the same again
 * for the same seed.
 */
export function factsText(host: TextOfHost = {}): string {
  return textOf(sectionsOf(host))
}
