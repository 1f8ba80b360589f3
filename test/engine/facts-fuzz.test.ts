import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseFacts } from '../../src/engine/facts-parse.ts'
import { parseLockState } from '../../src/engine/lock-state.ts'
import { fuzzing } from '../kit/fuzz.ts'

const timing = { sentAt: 1_764_300_000_000, receivedAt: 1_764_300_000_200 }

// What the script prints on a Debian with everything, and what it prints where there is neither `ip` nor `ss`.
const said = `
@@ clock
1764300000.123456789

@@ os
PRETTY_NAME="Debian GNU/Linux 13 (trixie)"
VERSION_ID="13"
ID=debian
ID_LIKE="rhel fedora"

@@ hostname
cp1

@@ kernel
6.12.48+deb13-amd64

@@ machine
x86_64

@@ userland
   2

@@ machine-id
5f1c0e4a9d7b4c2e8a6f3b1d0c9e8f7a

@@ product-uuid
4c4c4544-0051-3010-8052-b4c04f564231

@@ cpus
4

@@ memory
MemTotal:        8131544 kB

@@ init
systemd
booted-with-systemd

@@ cgroup2
cpuset cpu io memory pids

@@ cgroup1
#subsys_name	hierarchy	num_cgroups	enabled
memory	8	77	1

@@ addresses
1: lo    inet 127.0.0.1/8 scope host lo
2: eth0@if7    inet 192.0.2.11/24 brd 192.0.2.255 scope global dynamic secondary eth0
2: eth0    inet6 2001:db8::11/64 scope global

@@ fib
  +-- 192.0.2.0/24 2 0 2
     |-- 192.0.2.11
        /32 host LOCAL

@@ if-inet6
20010db8000000000000000000000011 02 40 00 80     eth0

@@ routes
Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	010200C0	0003	0	0	100	00000000	0	0	0
eth0	000200C0	00000000	0001	0	0	100	00FFFFFF	0	0	0

@@ default-route
default via 192.0.2.1 dev eth0 proto dhcp src 192.0.2.11 metric 100

@@ listening
LISTEN 0      128          0.0.0.0:22        0.0.0.0:*    users:(("sshd",pid=700,fd=3))
LISTEN 0      4096   127.0.0.53%lo:53        0.0.0.0:*    users:(("systemd-resolve",pid=400,fd=15))
LISTEN 0      128             [::]:22           [::]:*

@@ tcp
   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0
   0: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000

@@ free
Filesystem     1024-blocks    Used Available Capacity Mounted on
/dev/sda1         41152736 9876543  29400000      26% /

@@ kubernetes
kubelet.conf
admin.conf
control-plane

@@ etcd
formed
ca

@@ nameservers
nameserver 192.0.2.1

@@ swaps
Filename				Type		Size		Used		Priority
/swap\\040file                           file		1048572		0		-2

@@ lock
generation=12
now=aa 1234.5

@@ clock-end
1764300000.223456789

@@ end
`
const lines = said.split('\n')

// biome-ignore format: a table of words
const words = [
  '', ' ', '-1', '0', '1e400', '99999999999999999999999999', '0x10', '$(reboot)', "'; reboot; '", '\u001b[2J', '\u0000', '\u202e', '\r', '\t',
  '192.0.2.300', '::', 'fe80::1%eth0', '2001:db8::/32', '@@ os', '@@ end', '@@ addresses', '2: ', 'eth0', ' dev ', ' src ', ' metric ', 'LISTEN',
  'inet', 'FFFFFFFF', 'zz', '\\040', '\\777', '((("', '%', ':', '__proto__', '😀', 'a'.repeat(3000), '2: '.repeat(1000), ':1'.repeat(1000),
]

const edit = fc.tuple(
  fc.nat(lines.length - 1),
  fc.constantFrom('insert', 'replace', 'remove', 'double', 'move'),
  fc.nat(),
  fc.nat(12),
  fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...words) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
  ),
)

function edited(text: readonly string[], [line, kind, position, length, word]: Edit): readonly string[] {
  const at = line % text.length
  const old = text[at] ?? ''
  const from = position % (old.length + 1)
  const replaced = `${old.slice(0, from)}${word}${old.slice(kind === 'replace' ? from + length : from)}`
  const put = { remove: [], double: [old, old], move: [text[position % text.length] ?? ''] }[kind as string]
  return text.toSpliced(at, 1, ...(put ?? [replaced]))
}

type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never

it('makes facts of whatever a host prints, or says what cannot be right', () => {
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), edits => {
      const text = edits.reduce(edited, lines).join('\n')
      parseLockState(text)
      try {
        const facts = parseFacts('cp1', text, timing)
        expect(JSON.stringify({ ...facts, remains: {} })).not.toMatch(/\\u00|null|\u202e/)
      } catch (error) {
        expect((error as Error).message).toMatch(
          /^(the facts of the host end too early|its .* cannot be right: |an? .* cannot be right: |the .* cannot be right: )/,
        )
      }
    }),
    fuzzing('facts of hosts'),
  )
})

it('reads lines without end in time that grows with their length', () => {
  for (const line of [
    '2:'.padEnd(300_000, 'x'),
    `2: ${':'.repeat(300_000)}`,
    `2: eth0${' '.repeat(300_000)}`,
    ':1'.repeat(150_000),
  ])
    for (const section of ['addresses', 'listening', 'default-route', 'free', 'os', 'swaps', 'memory', 'fib'])
      try {
        parseFacts('cp1', `@@ ${section}\nLISTEN ${line}\n${line}\n@@ end\n`, timing)
      } catch (error) {
        expect((error as Error).message).toContain('cannot be right')
      }
}, 20_000)
