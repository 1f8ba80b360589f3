import { describe, expect, test } from 'vitest'
import { type FirewallRule, firewallOpenings } from '../../src/index.ts'
import { compare } from '../kit/local-sh.ts'

const anywhere = 'anywhere'
const tcp = (port: number, from: string, why: string, last = port): FirewallRule => ({
  way: 'in',
  protocol: 'tcp',
  ports: { first: port, last },
  from,
  to: anywhere,
  why,
})

const rules: readonly FirewallRule[] = [
  tcp(6443, '192.0.2.21', 'API server'),
  tcp(6443, '10.244.0.0/16', 'API server'),
  tcp(2380, '192.0.2.21', 'etcd members'),
  tcp(2380, '192.0.2.22', 'etcd members'),
  { way: 'in', protocol: 'udp', ports: { first: 8472, last: 8472 }, from: '192.0.2.21', to: anywhere, why: 'vxlan' },
  tcp(30_000, anywhere, 'NodePorts', 32_767),
  { way: 'through', protocol: 'any', from: '10.244.0.0/16', to: anywhere, why: 'from pods' },
  { way: 'through', protocol: 'any', from: '192.0.2.21', to: '10.244.0.0/16', why: 'to pods' },
  {
    way: 'through',
    protocol: 'any',
    from: anywhere,
    to: '10.244.0.0/16',
    translated: true,
    why: 'NodePorts',
  },
]
const resource = firewallOpenings({ rules })
const none = firewallOpenings({ rules: [] })

function stateOf(...lines: readonly string[]) {
  return resource.probe.parse({ exitCode: 0, stdout: `${lines.join('\n')}\n`, stderr: '' })
}

/** Steps as one readable text. */
function stepsOf(wanted: typeof resource, state: ReturnType<typeof stateOf>): string {
  return wanted
    .converge(state, wanted.desired as never)
    .map(step =>
      'run' in step ? `# run\n${step.run}` : 'write' in step ? `# write ${step.write}\n${step.content}` : '',
    )
    .join('')
}

const base64 = (text: string) => Buffer.from(text).toString('base64')
const fieldsOf = (state: ReturnType<typeof stateOf>, wanted = resource) => compare(wanted, state)?.fields

const openPorts = [
  ['tcp 6443', 'for 10.244.0.0/16, 192.0.2.21 (API server)'],
  ['tcp 2380', 'for 192.0.2.21, 192.0.2.22 (etcd members)'],
  ['udp 8472', 'for 192.0.2.21 (vxlan)'],
  ['tcp 30000-32767', 'for anywhere (NodePorts)'],
  ['forwarding', 'for 10.244.0.0/16 (from pods)'],
  ['forwarding to 10.244.0.0/16', 'for 192.0.2.21 (to pods)'],
] as const
/** What lets translated packets through by itself is told of the others only. */
const allOpen = [
  ...openPorts,
  ['forwarding of translated packets to 10.244.0.0/16', 'for anywhere (NodePorts)'],
] as const

test.each([
  ['nothing at all', []],
  [
    'nothing but what Kubernetes and Docker made',
    [
      'iptables=-P INPUT ACCEPT',
      'iptables=-P FORWARD DROP',
      'iptables=-A FORWARD -j DOCKER-USER',
      'iptables=-A INPUT -m comment --comment "kubernetes firewall" -j KUBE-FIREWALL',
    ],
  ],
  ['ufw that is not enabled', ['tuple=allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in']],
  ['ufw that is enabled, but not loaded', ['ufw=enabled', 'iptables=-P INPUT ACCEPT']],
  [
    'iptables that only drop some',
    [
      'iptables=-P INPUT ACCEPT',
      'iptables=-A INPUT -s 203.0.113.0/24 -j DROP',
      'iptables=-A INPUT -j f2b-sshd',
      'iptables=-A f2b-sshd -s 203.0.113.7/32 -j REJECT --reject-with icmp-port-unreachable',
      'iptables=-A f2b-sshd -j RETURN',
    ],
  ],
])('a host with %s needs nothing', (_, lines) => {
  expect(fieldsOf(stateOf(...lines))).toBeUndefined()
  expect(fieldsOf(stateOf(...lines), none)).toBeUndefined()
})

describe('ufw', () => {
  const comment = (why: string) => `comment=${Buffer.from(`evcctl: ${why}`).toString('hex')}`
  const active = ['ufw=enabled', 'iptables=-P INPUT DROP', 'iptables=-A INPUT -j ufw-before-input']
  const ssh = 'tuple=allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in'
  const tuples = [
    `tuple=allow tcp 2380,6443 0.0.0.0/0 any 192.0.2.21 in ${comment('etcd members, API server')}`,
    `tuple=allow tcp 6443 0.0.0.0/0 any 10.244.0.0/16 in ${comment('API server')}`,
    `tuple=allow tcp 2380 0.0.0.0/0 any 192.0.2.22 in ${comment('etcd members')}`,
    `tuple=allow udp 8472 0.0.0.0/0 any 192.0.2.21 in ${comment('vxlan')}`,
    `tuple=allow tcp 30000:32767 0.0.0.0/0 any 0.0.0.0/0 in ${comment('NodePorts')}`,
    `tuple=route:allow any any 0.0.0.0/0 any 10.244.0.0/16 in ${comment('from pods')}`,
    `tuple=route:allow any any 10.244.0.0/16 any 192.0.2.21 in ${comment('to pods')}`,
  ]
  const live = [
    'iptables=-A ufw-user-input -s 192.0.2.21/32 -p tcp -m multiport --dports 2380,6443 -j ACCEPT',
    'iptables=-A ufw-user-input -s 10.244.0.0/16 -p tcp -m tcp --dport 6443 -j ACCEPT',
    'iptables=-A ufw-user-input -s 192.0.2.22/32 -p tcp -m tcp --dport 2380 -j ACCEPT',
    'iptables=-A ufw-user-input -s 192.0.2.21/32 -p udp -m udp --dport 8472 -j ACCEPT',
    'iptables=-A ufw-user-input -p tcp -m multiport --dports 30000:32767 -j ACCEPT',
    'iptables=-A ufw-user-forward -s 10.244.0.0/16 -j ACCEPT',
    'iptables=-A ufw-user-forward -s 192.0.2.21/32 -d 10.244.0.0/16 -j ACCEPT',
  ]
  // What ufw has no rule for.
  const fresh = stepsOf(resource, stateOf(...active))
  const part = (path: string) => fresh.split(`# write ${path}\n`)[1]!.split(/^# (?:run|write)/m)[0]!
  const boot = [
    `iptables-script=${base64(part('/etc/evcctl/firewall-iptables.sh'))}`,
    `iptables-unit=${base64(part('/etc/systemd/system/evcctl-firewall-iptables.service'))}`,
    'iptables-enabled=yes',
    'iptables-active=yes',
  ]
  const translated = [
    'iptables=-N EVCCTL-FORWARD',
    'iptables=-A FORWARD -j EVCCTL-FORWARD',
    'iptables=-A FORWARD -j ufw-before-forward',
    'iptables=-A EVCCTL-FORWARD -d 10.244.0.0/16 -m conntrack --ctstate DNAT -m comment --comment NodePorts -j ACCEPT',
    ...boot,
  ]

  test('is told each port, and nothing of SSH', async () => {
    const state = stateOf(...active, ssh)
    expect(fieldsOf(state)).toEqual([
      ...openPorts.map(([field, after]) => ({ field: `ufw ${field}`, after })),
      { field: 'iptables forwarding of translated packets to 10.244.0.0/16', after: 'for anywhere (NodePorts)' },
      { field: 'iptables at boot', after: 'the same rules' },
      { field: 'iptables EVCCTL-FORWARD', after: 'first in FORWARD' },
    ])
    await expect(stepsOf(resource, state)).toMatchFileSnapshot('../goldens/resources/firewall-ufw.sh')
  })

  test('needs nothing when all is there', () => {
    expect(fieldsOf(stateOf(...active, ssh, ...tuples, ...live, ...translated))).toBeUndefined()
  })

  test('gets a chain besides, for nothing but translated packets: it has no rule for these', () => {
    const script = part('/etc/evcctl/firewall-iptables.sh')
    expect(script.match(/^-A .*/gm)).toEqual([
      '-A EVCCTL-FORWARD -d 10.244.0.0/16 -m conntrack --ctstate DNAT -m comment --comment "NodePorts" -j ACCEPT',
    ])
    expect(script).not.toContain('INPUT')
    const wider = [...translated.slice(0, 3), 'iptables=-A EVCCTL-FORWARD -d 10.244.0.0/16 -j ACCEPT', ...boot]
    expect(fieldsOf(stateOf(...active, ...tuples, ...live, ...wider))).toEqual([
      { field: 'iptables forwarding of translated packets to 10.244.0.0/16', after: 'for anywhere (NodePorts)' },
      { field: 'iptables forwarding to 10.244.0.0/16', before: 'for anywhere', after: 'closed' },
    ])
    const inward = firewallOpenings({ rules: rules.filter(rule => !rule.translated) })
    const state = stateOf(...active, ...tuples, ...live, ...translated)
    expect(stepsOf(inward, state)).toContain('iptables -w -X "EVCCTL-$chain"')
    expect(fieldsOf(stateOf(...active, ...tuples, ...live), inward)).toBeUndefined()
  })

  test('keeps a rule of the user that says the same', () => {
    const own = 'tuple=allow tcp 2380 0.0.0.0/0 any 192.0.2.22 in'
    const others = tuples.filter(line => !line.includes('192.0.2.22'))
    const state = stateOf(...active, own, ...others, ...live, ...translated)
    expect(fieldsOf(state)).toBeUndefined()
    expect(stepsOf(none, state)).not.toContain('192.0.2.22')
  })

  test('gets back what was flushed, without a reload', () => {
    const state = stateOf(...active, ...tuples, ...live.filter(line => !line.includes('udp')), ...translated)
    expect(fieldsOf(state)).toEqual([{ field: 'ufw udp 8472', after: 'for 192.0.2.21 (vxlan)' }])
    expect(stepsOf(resource, state)).toBe(
      '# run\niptables -w -I ufw-user-input 1 -s 192.0.2.21 -p udp -m udp --dport 8472 -j ACCEPT\n',
    )
  })

  test('closes what is no longer needed, and nothing while not all is known', () => {
    const state = stateOf(...active, ...tuples, ...live, ...translated)
    const fewer = rules.filter(({ from }) => from !== '192.0.2.22')
    expect(fieldsOf(state, firewallOpenings({ rules: fewer }))).toEqual([
      { field: 'ufw tcp 2380', before: 'for 192.0.2.21, 192.0.2.22', after: 'for 192.0.2.21 (etcd members)' },
    ])
    expect(stepsOf(firewallOpenings({ rules: fewer }), state)).toBe(
      '# run\nufw delete allow proto tcp from 192.0.2.22 to any port 2380\n',
    )
    expect(fieldsOf(state, firewallOpenings({ rules: fewer, closesOthers: false }))).toBeUndefined()
  })

  test('is cleared of all of it, also when it is switched off', () => {
    const state = stateOf(ssh, ...tuples)
    expect(fieldsOf(state)).toBeUndefined()
    expect(compare(none, state)?.action).toBe('delete')
    expect(fieldsOf(state, none)).toContainEqual({
      field: 'ufw tcp 30000-32767',
      before: 'for anywhere (NodePorts)',
      after: 'closed',
    })
    expect(stepsOf(none, state).match(/^ufw (route )?delete allow/gm)).toHaveLength(7)
  })

  test('gets no more ports into one rule than it takes', () => {
    const many = Array.from({ length: 10 }, (_, index) => tcp(1000 + index * 10, '192.0.2.21', 'x', 1005 + index * 10))
    expect(stepsOf(firewallOpenings({ rules: many }), stateOf(...active)).match(/^ufw prepend/gm)).toHaveLength(2)
  })
})

describe('firewalld', () => {
  const rich = (text: string) => `rule family="ipv4" ${text} accept`
  const inward = [
    rich('source address="192.0.2.21" port port="6443" protocol="tcp"'),
    rich('source address="10.244.0.0/16" port port="6443" protocol="tcp"'),
    rich('source address="192.0.2.21" port port="2380" protocol="tcp"'),
    rich('source address="192.0.2.22" port port="2380" protocol="tcp"'),
    rich('source address="192.0.2.21" port port="8472" protocol="udp"'),
    rich('port port="30000-32767" protocol="tcp"'),
  ]
  const through = [
    rich('source address="10.244.0.0/16"'),
    rich('source address="192.0.2.21" destination address="10.244.0.0/16"'),
  ]
  const policy = (way: string, richRules: readonly string[]) =>
    `firewalld-policy=${way} ${JSON.stringify({ type: 'a{sv}', data: [{ rich_rules: { type: 'as', data: richRules } }] })}`
  const written = stepsOf(resource, stateOf('firewalld=active'))
  const fileOf = (way: string) =>
    written.split(`# write /etc/firewalld/policies/evcctl-${way}.xml\n`)[1]!.split('# ')[0]!
  const zoneFile = written.split('# write /etc/firewalld/zones/evcctl-pods.xml\n')[1]!.split('# ')[0]!
  const files = [
    ...['in', 'through'].map(way => `firewalld-file=${way} ${base64(fileOf(way))}`),
    `firewalld-zone-file=${base64(zoneFile)}`,
    'firewalld-sources={"type":"as","data":[["10.244.0.0/16"]]}',
  ]

  test('gets policies of their own, with one careful reload', async () => {
    expect(fieldsOf(stateOf('firewalld=active', 'firewalld-policy=in ', 'firewalld-policy=through '))).toEqual(
      expect.arrayContaining(openPorts.map(([field, after]) => ({ field: `firewalld ${field}`, after }))),
    )
    await expect(written).toMatchFileSnapshot('../goldens/resources/firewall-firewalld.sh')
  })

  test('needs nothing when all is there', () => {
    expect(
      fieldsOf(stateOf('firewalld=active', ...files, policy('in', inward), policy('through', through))),
    ).toBeUndefined()
  })

  test('is changed without a reload from then on', () => {
    const [, ...most] = inward
    const strange = rich('source address="203.0.113.7" service name="https"')
    const state = stateOf('firewalld=active', ...files, policy('in', [...most, strange]), policy('through', through))
    expect(fieldsOf(state)).toEqual([
      { field: 'firewalld tcp 6443', before: 'for 10.244.0.0/16', after: 'for 10.244.0.0/16, 192.0.2.21 (API server)' },
      { field: 'firewalld policy evcctl-in', before: strange, after: 'closed' },
    ])
    const steps = stepsOf(resource, state)
    expect(steps).toContain(
      `firewall-cmd --quiet --policy=evcctl-in --add-rich-rule='${inward[0]}'
firewall-cmd --quiet --policy=evcctl-in --remove-rich-rule='${strange}'
`,
    )
    expect(steps).not.toContain('--reload')
  })

  test('gets no zone for pods that are in one of the user', () => {
    const state = stateOf('firewalld=active', 'firewalld-other=10.244.0.0/16')
    expect(stepsOf(resource, state)).not.toContain('<zone>')
    const all = [...files.slice(0, 2), policy('in', inward), policy('through', through)]
    expect(fieldsOf(stateOf('firewalld=active', 'firewalld-other=10.244.0.0/16', ...all))).toBeUndefined()
  })

  test('is cleared without a reload', () => {
    const state = stateOf('firewalld=active', ...files, policy('in', inward), policy('through', through))
    const steps = stepsOf(none, state)
    expect(steps.match(/--remove-rich-rule/g)).toHaveLength(8)
    expect(steps).toContain('--zone=evcctl-pods --remove-source=10.244.0.0/16')
    expect(steps.match(/--permanent --delete-/g)).toHaveLength(3)
    expect(steps).not.toContain('--reload')
    expect(fieldsOf(stateOf('firewalld=active', policy('in', []), policy('through', [])), none)).toBeUndefined()
  })

  test.each([
    ['evcctl: rules that are not permanent', /in force but not permanent/],
    ['Error: INVALID_POLICY: evcctl-in', /does not accept the policies/],
    [
      'usage: see firewall-cmd man page\nfirewall-cmd: error: unrecognized arguments: --policy=evcctl-in',
      /does not accept/,
    ],
  ])('explains %s', (stderr, problem) => {
    const failure = { step: 0, exitCode: 1, stdout: '> ports: 2222/tcp', stderr }
    expect(resource.explain?.(failure, { rules, closesOthers: true })?.problem).toMatch(problem)
  })
})

describe('iptables', () => {
  const active = [
    'iptables=-P INPUT ACCEPT',
    'iptables=-P FORWARD DROP',
    'iptables=-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT',
    'iptables=-A INPUT -j REJECT --reject-with icmp-host-prohibited',
  ]
  const fresh = stepsOf(resource, stateOf(...active))
  const part = (path: string) => fresh.split(`# write ${path}\n`)[1]!.split(/^# (?:run|write)/m)[0]!
  const script = part('/etc/evcctl/firewall-iptables.sh')
  const unit = part('/etc/systemd/system/evcctl-firewall-iptables.service')
  const boot = [
    `iptables-script=${base64(script)}`,
    `iptables-unit=${base64(unit)}`,
    'iptables-enabled=yes',
    'iptables-active=yes',
  ]
  // As `iptables -S` prints what the script loads.
  const loaded = script
    .split('\n')
    .filter(line => line.startsWith('-A EVCCTL'))
    .map(
      line =>
        `iptables=${line.replace(/-s ([\d.]+) /, '-s $1/32 ').replaceAll('--comment "vxlan"', '--comment vxlan')}`,
    )
  const chains = ['iptables=-N EVCCTL-INPUT', 'iptables=-N EVCCTL-FORWARD', ...loaded]
  const jumps = ['iptables=-A INPUT -j EVCCTL-INPUT', 'iptables=-A FORWARD -j EVCCTL-FORWARD']

  test('get chains of their own, kept by a unit', async () => {
    const change = compare(resource, stateOf(...active))
    expect(change?.action).toBe('create')
    expect(change?.fields).toEqual(
      expect.arrayContaining(allOpen.map(([field, after]) => ({ field: `iptables ${field}`, after }))),
    )
    await expect(fresh).toMatchFileSnapshot('../goldens/resources/firewall-iptables.sh')
  })

  test('need nothing when all is there', () => {
    expect(fieldsOf(stateOf(...jumps, ...active, ...chains, ...boot))).toBeUndefined()
  })

  test('stay as they are while a host whose address is not known is silent, and in whatever order their rules are named', () => {
    const state = stateOf(...jumps, ...active, ...chains, ...boot)
    const others = rules.filter(({ from }) => from !== '192.0.2.21')
    expect(fieldsOf(state, firewallOpenings({ rules: others, closesOthers: false }))).toBeUndefined()
    expect(fieldsOf(state, firewallOpenings({ rules: rules.toReversed() }))).toBeUndefined()
  })

  test('are mended when the jump comes after everything is dropped, or a rule is gone', () => {
    expect(fieldsOf(stateOf(...active, ...jumps, ...chains, ...boot))).toContainEqual({
      field: 'iptables EVCCTL-INPUT',
      after: 'first in INPUT',
    })
    const without = chains.filter(line => !line.includes('--dport 8472'))
    expect(fieldsOf(stateOf(...jumps, ...active, ...without, ...boot))).toEqual([
      { field: 'iptables udp 8472', after: 'for 192.0.2.21 (vxlan)' },
    ])
    const more = [...chains, 'iptables=-A EVCCTL-INPUT -m mac --mac-source 02:00:00:00:00:01 -j ACCEPT']
    expect(fieldsOf(stateOf(...jumps, ...active, ...more, ...boot))).toEqual([
      { field: 'iptables EVCCTL-INPUT', before: '-m mac --mac-source 02:00:00:00:00:01 -j ACCEPT', after: 'closed' },
    ])
  })

  test('are mended when they would not be there after a boot', () => {
    const state = stateOf(...jumps, ...active, ...chains, ...boot.slice(0, 2), 'iptables-active=yes')
    expect(fieldsOf(state)).toEqual([{ field: 'iptables at boot', before: 'other rules', after: 'the same rules' }])
  })

  test('drop by way of another chain, too', () => {
    const jump = [
      'iptables=-P INPUT ACCEPT',
      'iptables=-A INPUT -j logdrop',
      'iptables=-A logdrop -j LOG',
      'iptables=-A logdrop -j DROP',
    ]
    expect(fieldsOf(stateOf(...jump))).not.toBeUndefined()
  })

  test('are as before when all of it is taken out', async () => {
    const state = stateOf(...jumps, ...active, ...chains, ...boot)
    expect(fieldsOf(state, none)).toContainEqual({
      field: 'iptables at boot',
      before: 'evcctl-firewall-iptables.service',
      after: 'nothing',
    })
    await expect(stepsOf(none, state)).toMatchFileSnapshot('../goldens/resources/firewall-iptables-none.sh')
  })
})

describe('nftables', () => {
  const chain = (name: string, hook?: string, policy = 'accept') => ({
    chain: {
      family: 'inet',
      table: 'filter',
      name,
      ...(hook === undefined ? {} : { type: 'filter', hook, prio: 0, policy }),
    },
  })
  const rule = (name: string, ...expr: readonly object[]) => ({
    rule: { family: 'inet', table: 'filter', chain: name, handle: 9, expr },
  })
  const match = (protocol: string, field: string, right: unknown) => ({
    match: { op: '==', left: { payload: { protocol, field } }, right },
  })
  const meta = (key: string, right: string) => ({ match: { op: '==', left: { meta: { key } }, right } })
  const accept = { accept: null }
  const established = { match: { op: 'in', left: { ct: { key: 'state' } }, right: ['established', 'related'] } }
  const dnat = { match: { op: 'in', left: { ct: { key: 'status' } }, right: 'dnat' } }
  const pods = { prefix: { addr: '10.244.0.0', len: 16 } }
  const reject = [
    { counter: { packets: 1, bytes: 2 } },
    { log: { prefix: 'x' } },
    { reject: { type: 'icmpx', expr: 'admin-prohibited' } },
  ]
  const listing = (...entries: readonly object[]) =>
    `nft=${JSON.stringify({ nftables: [{ metainfo: {} }, { table: { family: 'inet', name: 'filter', handle: 2 } }, ...entries] })}`
  const users = [
    chain('input', 'input', 'drop'),
    chain('forward', 'forward'),
    rule('input', match('tcp', 'dport', 22), accept),
    rule('forward', ...reject),
  ]
  const own = [
    chain('evcctl_input'),
    chain('evcctl_forward'),
    rule('evcctl_input', meta('iif', 'lo'), accept),
    rule('evcctl_input', established, accept),
    rule('evcctl_input', match('ip', 'saddr', '192.0.2.21'), match('tcp', 'dport', 6443), accept),
    rule('evcctl_input', match('ip', 'saddr', pods), match('tcp', 'dport', 6443), accept),
    rule(
      'evcctl_input',
      match('ip', 'saddr', { set: ['192.0.2.21', '192.0.2.22'] }),
      match('tcp', 'dport', 2380),
      accept,
    ),
    rule('evcctl_input', match('ip', 'saddr', '192.0.2.21'), match('udp', 'dport', 8472), accept),
    rule('evcctl_input', meta('nfproto', 'ipv4'), match('tcp', 'dport', { range: [30000, 32767] }), accept),
    rule('evcctl_forward', established, accept),
    rule('evcctl_forward', match('ip', 'saddr', pods), accept),
    rule('evcctl_forward', match('ip', 'saddr', '192.0.2.21'), match('ip', 'daddr', pods), accept),
    rule('evcctl_forward', match('ip', 'daddr', pods), dnat, accept),
  ]
  const jump = (name: string, target: string) => rule(name, { jump: { target } })
  const jumps = [jump('input', 'evcctl_input'), jump('forward', 'evcctl_forward')]
  const fresh = stepsOf(resource, stateOf(listing(...users)))
  const part = (path: string) => fresh.split(`# write ${path}\n`)[1]!.split(/^# (?:run|write)/m)[0]!
  const boot = [
    `nftables-script=${base64(part('/etc/evcctl/firewall-nftables.sh'))}`,
    `nftables-unit=${base64(part('/etc/systemd/system/evcctl-firewall-nftables.service'))}`,
    'nftables-enabled=yes',
    'nftables-active=yes',
  ]

  test('gets a chain of its own in each chain that drops, kept by a unit', async () => {
    const change = compare(resource, stateOf(listing(...users)))
    expect(change?.action).toBe('create')
    expect(change?.fields).toEqual(
      expect.arrayContaining(allOpen.map(([field, after]) => ({ field: `nftables ${field}`, after }))),
    )
    await expect(fresh).toMatchFileSnapshot('../goldens/resources/firewall-nftables.sh')
  })

  test('needs nothing when all is there', () => {
    expect(fieldsOf(stateOf(listing(...jumps, ...users, ...own), ...boot))).toBeUndefined()
  })

  test('is fixed when the jump, or a rule, is gone, or there is one more', () => {
    expect(fieldsOf(stateOf(listing(...jumps.slice(1), ...users, ...own), ...boot))).toContainEqual({
      field: 'nftables inet filter evcctl_input',
      after: 'first in input',
    })
    const without = own.filter(entry => !JSON.stringify(entry).includes('8472'))
    expect(fieldsOf(stateOf(listing(...jumps, ...users, ...without), ...boot))).toEqual([
      { field: 'nftables udp 8472', after: 'for 192.0.2.21 (vxlan)' },
    ])
    const more = rule('evcctl_input', meta('iifname', 'eth1'), accept)
    expect(fieldsOf(stateOf(listing(...jumps, ...users, ...own, more), ...boot))).toEqual([
      { field: 'nftables inet filter evcctl_input', before: '1 of another hand', after: 'closed' },
    ])
  })

  test('leaves chains alone that drop nothing, or only some', () => {
    const limited = rule('input', { limit: { rate: 5, per: 'second' } }, { drop: null })
    expect(fieldsOf(stateOf(listing(chain('input', 'input'), limited)))).toBeUndefined()
    const onlyInput = stateOf(listing(chain('input', 'input', 'drop'), chain('forward', 'forward')))
    expect(
      fieldsOf(onlyInput)
        ?.map(({ field }) => field)
        .join(),
    ).not.toContain('forward')
    expect(stepsOf(resource, onlyInput)).not.toContain('evcctl_forward')
  })

  test('drops by way of another chain, too', () => {
    const state = stateOf(
      listing(chain('input', 'input'), chain('end'), jump('input', 'end'), rule('end', { drop: null })),
    )
    expect(fieldsOf(state)).not.toBeUndefined()
  })

  test('is as before when all of it is taken out', async () => {
    const state = stateOf(listing(...jumps, ...users, ...own), ...boot)
    expect(compare(none, state)?.action).toBe('delete')
    await expect(stepsOf(none, state)).toMatchFileSnapshot('../goldens/resources/firewall-nftables-none.sh')
  })
})
