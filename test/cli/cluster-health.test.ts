import { describe, expect, test } from 'vitest'
import { kubeadm } from '../../distributions/kubeadm/index.ts'
import { clusterHealth } from '../../src/cli/status/cluster-health.ts'
import { isHealthy, readStatus } from '../../src/cli/status/cluster-status.ts'
import type { HostAnswers } from '../../src/cli/status/health-answer.ts'
import { readHostAnswer } from '../../src/cli/status/health-answer.ts'
import { statusText } from '../../src/cli/status/status-text.ts'
import type { ClusterSpec } from '../../src/config/index.ts'
import { HostError, Secret } from '../../src/core/index.ts'
import { createPaint } from '../../src/report/index.ts'
import { specOf } from '../playbooks/given.ts'
import { certificateOf } from './certificate-of.ts'
import { nodesListed, podsListed } from './listed.ts'

const now = Date.parse('2026-12-01T00:00:00Z')

const hosts = (controlPlane: number, workers: number, etcd = 0) => {
  const some = (count: number, letter: string, role: string, at: number) =>
    Array.from({ length: count }, (_, index) => ({
      name: `${letter}${index + 1}`,
      address: `10.0.${at}.${index + 1}`,
      roles: [role],
    }))
  return [
    ...some(controlPlane, 'cp', 'control-plane', 1),
    ...some(workers, 'w', 'worker', 2),
    ...some(etcd, 'e', 'etcd', 3),
  ]
}
const spec = specOf({ hosts: hosts(3, 1) })

const line = (name: string, words: string, code = 0, status = 200) =>
  `${name}=${code} ${String(status).padStart(3, '0')} ${Buffer.from(words).toString('base64')}\n`
const raw = (stdout: string) => ({ exitCode: 0, stdout, stderr: '' })
const list = (...names: string[]) =>
  JSON.stringify({ members: names.map(name => ({ ID: '1', name, peerURLs: [], clientURLs: [] })) })
const good = {
  kubelet: line('kubelet', 'ok'),
  api: line('api', 'ok'),
  etcd: line('etcd', '{"health":"true","reason":""}'),
  members: line('members', list('cp1', 'cp2', 'cp3')),
}
const said = (over: Record<string, string> = {}, certificates = '', restore = '') =>
  readHostAnswer(raw(Object.values({ ...good, ...over }).join('')), raw(certificates), raw(restore))
const noRoute = (name: string) =>
  new HostError(name, 'unreachable', { where: `${name} (10.0.0.9:22)`, problem: 'no route to host' })

const node = (name: string, ready = true) => ({
  metadata: { name },
  status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'Unknown', message: 'no word of it' }] },
})
const answered = (text: string) => raw(`api=answered\n${text}\n`)

function shown(answers: HostAnswers, given: ClusterSpec = spec, silent: readonly string[] = []) {
  const items = given.hosts.filter(({ roles }) => !roles.includes('etcd')).map(({ name }) => node(name))
  const found = readStatus(given, [
    answered(nodesListed(items)),
    answered(podsListed([])),
    answered('ok'),
    answered('{"gitVersion":"v1.36.4"}'),
  ])
  const health = clusterHealth(given, answers, now)
  const text = statusText(found, {
    name: 'lab',
    file: 'cluster.yaml',
    reset: kubeadm.byHand.reset,
    paint: createPaint(false),
    health,
    asked: 'cp2',
    silent: new Map(silent.map(name => [name, { problem: 'it has not answered yet' }])),
  })
  return { text, health, healthy: isHealthy(found, health) }
}
const all = (over: Record<string, ReturnType<typeof said> | HostError> = {}, given: ClusterSpec = spec): HostAnswers =>
  new Map(given.hosts.map(({ name }) => [name, over[name] ?? said()]))

describe('status says', () => {
  test('that a restore of etcd was cut off, which keeps apply from changing anything', () => {
    const begun = `attempt=${'0'.repeat(16)}\narchive=${'a'.repeat(64)}\ndone=begin\n`
    const { text, healthy } = shown(
      all({ cp1: said({}, '', begun), cp2: said({}, '', begun), cp3: said({}, '', `${begun}done=end\n`) }),
    )
    expect(healthy).toBe(false)
    expect(text.replace(/\s+/g, ' ')).toMatch(
      /cp1, cp2.* a restore of etcd was cut off, .* evcctl etcd restore \S+ --from ARCHIVE/,
    )
  })

  test('that a whole cluster is healthy and what it survives', () => {
    const { text, healthy } = shown(all())
    expect(healthy).toBe(true)
    expect(text.split('\n').slice(0, 3)).toEqual([
      'lab: healthy, Kubernetes 1.36.4, 4 of 4 nodes ready',
      '  API servers: 3 of 3 ready',
      '  3 etcd members, 3 healthy: survives the loss of 1',
    ])
    expect(text).not.toMatch(/[✘!]/)
  })

  test('that a control plane node is gone although Kubernetes still believes in its node', () => {
    const { text, healthy, health } = shown(all({ cp1: noRoute('cp1') }), spec, ['cp1'])
    expect(healthy).toBe(false)
    expect(text).toContain('lab: not healthy, Kubernetes 1.36.4, 4 of 4 nodes ready')
    expect(text).toContain('API servers: 2 of 3 ready')
    expect(text).toContain('3 etcd members, 2 healthy: no further loss')
    expect(text).toContain(
      '✘ cp1 (10.0.0.9:22): no route to host; its node still counts as Ready; cp2 was asked instead',
    )
    expect(health.hosts[0]).toMatchObject({ host: 'cp1', problem: 'no route to host' })
  })

  test('that a quorum is lost', () => {
    const etcd = line('etcd', '{"health":"false","reason":"RAFT NO LEADER"}', 0, 503)
    const { text } = shown(all({ cp1: noRoute('cp1'), cp2: noRoute('cp2'), cp3: said({ etcd }) }))
    expect(text).toContain('3 etcd members, 0 healthy: no quorum')
    expect(text).toContain('✘ cp3: its member of etcd is not healthy: RAFT NO LEADER')
  })

  test('which kubelet, API server and member of etcd is not healthy, and why', () => {
    const refused = 'curl: (7) Failed to connect to 127.0.0.1 port 10248 after 0 ms: Connection refused'
    const { text, healthy } = shown(
      all({
        cp2: said({ api: line('api', '[-]etcd failed: reason withheld\nreadyz check failed', 0, 500) }),
        cp3: said({ etcd: line('etcd', 'curl: (28) Operation timed out after 2001 milliseconds', 28, 0) }),
        w1: said({ kubelet: line('kubelet', refused, 7, 0) }),
      }),
    )
    expect(healthy).toBe(false)
    expect(text).toContain('API servers: 2 of 3 ready')
    expect(text).toContain('✘ cp2: its API server is not healthy: etcd failed: reason withheld')
    expect(text).toContain('✘ cp3: its member of etcd is not healthy: Operation timed out')
    expect(text).toContain('✘ w1: its kubelet is not healthy: Failed to connect to 127.0.0.1 port 10248')
  })

  test('that a member of which no host speaks counts as lost, and a learner not at all', () => {
    const members = JSON.stringify({
      members: [...['cp1', 'cp2', 'cp3', 'old'].map(name => ({ name })), { name: 'new', isLearner: true }],
    })
    const { text, health } = shown(all({ cp1: said({ members: line('members', members) }) }))
    expect(text).toContain('4 etcd members, 3 healthy: no further loss')
    expect(text).toContain('✘ the member old of etcd: no host of cluster.yaml with the role control-plane has it')
    expect(health.etcd).toMatchObject({ total: 4, healthy: 3, survives: 0 })
  })

  test('that hundreds of hosts are silent in one line', () => {
    const large = specOf({ hosts: hosts(3, 250) })
    const gone = Object.fromEntries(
      large.hosts.filter(({ roles }) => roles.includes('worker')).map(({ name }) => [name, noRoute(name)]),
    )
    const { text } = shown(all(gone, large), large)
    expect(text.match(/no route to host/g)).toHaveLength(1)
    expect(text).toContain('w3 (10.0.0.9:22) and 247 more: no route to host; its node still counts as Ready')
  })

  test('nothing that a terminal acts on', () => {
    const harmful = '\u001b]0;owned\u0007\u001b[2J\r\u202e'
    const { text } = shown(
      all({ cp1: said({ kubelet: line('kubelet', harmful, 0, 500), members: line('members', list(harmful, 'cp2')) }) }),
    )
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/)
  })

  test('what members run on hosts of their own', () => {
    const external = specOf({ hosts: hosts(1, 1, 3), etcd: { topology: 'external' } })
    const { text, healthy } = shown(
      all(
        Object.fromEntries(
          ['e1', 'e2', 'e3'].map(name => [name, said({ members: line('members', list('e1', 'e2', 'e3')) })]),
        ),
        external,
      ),
      external,
    )
    expect(text).toContain('3 etcd members, 3 healthy: survives the loss of 1')
    expect(healthy).toBe(true)
  })

  test('that a host without curl could not be asked', () => {
    const { text, healthy } = shown(all({ w1: readHostAnswer(raw('curl=absent\n'), raw('')) }))
    expect(healthy).toBe(false)
    expect(text).toContain('✘ w1: its kubelet could not be asked: curl is not installed there')
  })

  test('nothing of the kubelet of a host that has not joined, but that it has not joined', () => {
    const absent = readHostAnswer(raw('kubelet=absent\napi=absent\netcd=absent\n'), raw(''))
    const { health } = shown(all({ cp3: absent, cp1: said({ members: line('members', list('cp1', 'cp2')) }) }))
    expect(health.apiServers).toEqual({ ready: 2, total: 2 })
    expect(health.etcd).toMatchObject({ total: 2, healthy: 2, survives: 0 })
    expect(health.problems).toEqual([])
  })
})

test('an API server and a member of etcd that are gone from a node are missed, and so is the kubelet of a node', () => {
  const emptied = readHostAnswer(raw(`${good.kubelet}api=absent\netcd=absent\n`), raw(''))
  const reinstalled = readHostAnswer(raw('kubelet=absent\n'), raw(''))
  const answers = all({ cp3: emptied, w1: reinstalled })
  const { apiServers, etcd, problems } = clusterHealth(spec, answers, now, new Set(['cp1', 'cp2', 'cp3', 'w1']))
  expect(apiServers).toEqual({ ready: 2, total: 3 })
  expect(etcd).toMatchObject({ total: 3, healthy: 2 })
  expect(problems.map(({ where, problem }) => `${where}: ${problem.split(':')[0]}`)).toEqual([
    'cp3: its API server is not healthy',
    'cp3: its member of etcd is not healthy',
    'w1: its kubelet is not healthy',
  ])
})

test('a member of etcd that a host of its own has yet to get is missed', () => {
  const external = specOf({ hosts: hosts(1, 0, 3), etcd: { topology: 'external' } })
  const has = said({ members: line('members', list('e1', 'e2')) })
  const answers = all({ e1: has, e2: has, e3: readHostAnswer(raw('etcd=absent\n'), raw('')) }, external)
  const { etcd, problems } = clusterHealth(external, answers, now)
  expect(etcd).toMatchObject({ total: 2, healthy: 2, survives: 0 })
  expect(problems).toEqual([
    { where: 'e3', problem: 'its member of etcd is not set up. To make it: evcctl apply cluster.yaml' },
  ])
})

test('of an etcd that somebody else runs its endpoints are counted, each by whoever reaches it', () => {
  const endpoints = ['https://192.0.2.31:2379', 'https://192.0.2.32:2379']
  const foreign: ClusterSpec = {
    ...spec,
    etcd: { topology: 'external', managed: false, endpoints, ca: '', certificate: '', key: new Secret('', 'key') },
  }
  const ok = '{"health":"true"}'
  const gone = (index: number) => line(`endpoint${index}`, 'curl: (28) Connection timed out', 28, 0)
  const over = (...lines: string[]) => said({ etcd: '', members: '', endpoints: lines.join('') })
  const none = over(line('endpoint0', ok), gone(1))
  const { text, healthy } = shown(all({ cp1: over(gone(0), gone(1)), cp2: none, cp3: none }, foreign), foreign)
  expect(healthy).toBe(false)
  expect(text).toContain('external etcd: 1 of 2 endpoints healthy')
  expect(text).toContain('✘ https://192.0.2.32:2379: etcd is not healthy: Connection timed out')
  expect(text).not.toContain('192.0.2.31')
})

describe('of certificates status says', () => {
  const path = '/etc/kubernetes/pki/apiserver.crt'
  const given = (days: number, at = path) => `certificate ${at} ${certificateOf(now, days)}\n`

  test('nothing while there is time', () => {
    expect(shown(all({ cp1: said({}, given(100)) })).text).not.toContain('certificate')
  })

  test('which expire within 90 days, when, and what to do; that is no fault yet', () => {
    const { text, healthy, health } = shown(all({ cp1: said({}, given(40)), cp2: said({}, given(40)) }))
    expect(healthy).toBe(true)
    expect(text).toContain(`! cp1, cp2: The certificate in ${path} expires in 40 days, on 2027-01-10.`)
    expect(text).toContain('evcctl certs renew')
    expect(health.hosts[0]!.certificates).toMatchObject([{ path, daysLeft: 40 }])
  })

  test('which have expired; that is a fault', () => {
    const conf = '/etc/kubernetes/admin.conf'
    const { text, healthy } = shown(all({ cp1: said({}, given(-3) + given(20, conf)) }))
    expect(healthy).toBe(false)
    expect(text).toContain(
      `✘ cp1: 2 certificates expire within 90 days or have expired (${path}, ${conf}); the first one expired 3 days ago, on 2026-11-28.`,
    )
  })
})
