import { mkdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type Graph, type HostFacts, Output, type TaskId } from '../../src/index.ts'
import { compare } from '../kit/local-sh.ts'
import { Sandbox } from '../resources/sandbox.ts'
import { bareState } from '../roles/bare-host.ts'
import { clusterGraph, factsOf, specOf, waitsFor } from './given.ts'
import { pictureOf } from './picture.ts'

const hosts = [
  { name: 'cp1', address: '192.0.2.11', roles: ['control-plane', 'etcd'] },
  { name: 'w1', address: '192.0.2.21', roles: ['worker'] },
  { name: 'e2', address: '192.0.2.32', roles: ['etcd'] },
  { name: 'e3', address: '192.0.2.33', roles: ['etcd'] },
]
const spec = specOf({ etcd: { topology: 'external' }, hosts })
const facts: ReadonlyMap<string, HostFacts> = new Map(hosts.map(({ name, address }) => [name, factsOf(name, address)]))

describe('the graph of a cluster with external etcd', () => {
  const graph = clusterGraph(spec, facts)
  const ids = [...graph.tasks.keys()]

  test('has certificates, members and a client in the order of the picture', async () => {
    const picture = pictureOf(graph, ({ role }) => role.startsWith('etcd'))
    await expect(picture).toMatchFileSnapshot('../goldens/playbooks/external-etcd.txt')
  })

  test('starts no member without the disk that its data is on', () => {
    const unit = graph.tasks.get('e2/file:/etc/systemd/system/etcd.service' as TaskId)?.resource.desired
    expect((unit as { readonly content: string }).content).toMatch(
      /^\[Unit\][^[]*^RequiresMountsFor=\/var\/lib\/etcd$/m,
    )
  })

  test('starts new members side by side, and restarts them one after the other', () => {
    for (const name of ['cp1', 'e2', 'e3']) {
      const before = waitsFor(graph, `${name}/etcd member:${name}`)
      expect([...before].filter(id => id.includes('/etcd member:'))).toEqual([])
    }
    const last = waitsFor(graph, 'e3/unit:etcd.service')
    expect(last).toContain('e2/etcd health:e2')
    expect(waitsFor(graph, 'e2/unit:etcd.service')).toContain('cp1/etcd health:cp1')
    expect(last).toContain('cp1/etcd member:cp1')
  })

  test('lets kubeadm init wait for healthy members and its own client certificate', () => {
    const before = waitsFor(graph, 'cp1/kubeadm init:cluster')
    for (const id of ['e2/etcd health:e2', 'e3/etcd health:e3', 'cp1/file:/etc/evcctl/etcd/client.crt']) {
      expect(before).toContain(id)
    }
  })

  test('sends requests and certificates between hosts, and nothing else of etcd', () => {
    const ofEtcd = new Set([...graph.tasks.values()].filter(({ role }) => /etcd/.test(role)).map(({ id }) => id))
    const crossing = graph.edges.filter(({ from, to }) => from.split('/')[0] !== to.split('/')[0] && ofEtcd.has(from))
    const carriers = new Set<string>()
    for (const { from, to } of crossing) {
      const { resource } = graph.tasks.get(to)!
      const inputs = Object.values(resource.desired as object).filter(value => value instanceof Output)
      if (inputs.some(input => input.from.includes(from))) carriers.add(graph.tasks.get(from)!.resource.kind)
    }
    expect([...carriers].sort()).toEqual(['certificate', 'certificate authority', 'key and request'])
  })

  test('lets members take only those for peers that have a name which certificates of members alone have', () => {
    const tasks = [...graph.tasks.values()]
    const settings = tasks.filter(({ resource }) => resource.name === '/etc/etcd/etcd.env')
    expect(settings.map(({ host }) => host)).toEqual(['cp1', 'e2', 'e3'])
    const certificates = tasks.filter(({ resource }) => resource.kind === 'certificate')
    const namesIn = ({ resource }: (typeof tasks)[number]) =>
      String(compare(resource, bareState(resource))?.fields.find(({ field }) => field === 'names')?.after).split(', ')
    for (const { resource } of settings) {
      const { content } = resource.desired as { readonly content: string }
      const [, wanted = ''] = /^ETCD_PEER_CERT_ALLOWED_HOSTNAME=(.+)$/m.exec(content) ?? []
      const owners = certificates.filter(task => namesIn(task).includes(wanted)).map(task => task.resource.name)
      expect(owners.sort()).toEqual(['cp1-peer', 'cp1-server', 'e2-peer', 'e2-server', 'e3-peer', 'e3-server'])
    }
  })

  test('makes no node of a host that only runs etcd', () => {
    const roles = new Set([...graph.tasks.values()].filter(({ host }) => host === 'e2').map(({ role }) => role))
    expect(roles).toContain('etcd-host')
    for (const role of ['worker', 'kubelet', 'containerd', 'kubernetes-binaries', 'os'])
      expect(roles).not.toContain(role)
    expect(ids).not.toContain('cp1/labels and taints:e2')
  })

  test('never lets a member that had data make a new etcd without it', async () => {
    const { resource } = graph.tasks.get('e2/file:/etc/systemd/system/etcd.service' as TaskId)!
    const unit = String((resource.desired as { content: string }).content)
    const [, command = ''] = /^ExecStartPre=\/bin\/sh -c '(.*)'$/m.exec(unit) ?? []
    const starts = async (...paths: readonly string[]) => {
      const sandbox = new Sandbox()
      for (const path of paths) mkdirSync(sandbox.inside(path), { recursive: true })
      return sandbox.sh(command)
    }
    expect(await starts('/var/lib/etcd')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('disk') })
    expect(await starts('/var/lib/etcd/member/snap')).toMatchObject({ exitCode: 1 })
    expect(await starts('/var/lib/etcd/member/wal')).toMatchObject({ exitCode: 0 })
    expect(await starts('/var/lib/etcd', '/var/lib/evcctl/etcd.creating')).toMatchObject({ exitCode: 0 })
  })

  test('tells kubeadm the endpoints, those of a host too that cannot be reached now', () => {
    const { resource } = graph.tasks.get('cp1/file:/etc/evcctl/kubeadm.yaml' as TaskId)!
    const text = String((resource.desired as { content: string }).content)
    expect(text).toContain(`etcd:
  external:
    endpoints:
      - https://192.0.2.11:2379
      - https://192.0.2.32:2379
      - https://192.0.2.33:2379
    caFile: /etc/evcctl/etcd/ca.crt
    certFile: /etc/evcctl/etcd/client.crt
    keyFile: /etc/evcctl/etcd/client.key
`)
    const without = clusterGraph(spec, new Map([...facts].filter(([name]) => name !== 'e3')))
    const same = without.tasks.get('cp1/file:/etc/evcctl/kubeadm.yaml' as TaskId)!.resource
    expect((same.desired as { content: string }).content).toBe(text)
  })

  test('gives every control plane node a key of its own, and uploads none', () => {
    const cp2 = { name: 'cp2', address: '192.0.2.12', roles: ['control-plane'] }
    const two = clusterGraph(
      specOf({ etcd: { topology: 'external' }, hosts: [...hosts, cp2] }),
      new Map([...facts, ['cp2', factsOf('cp2', cp2.address)]]),
    )
    const before = waitsFor(two, 'cp2/kubeadm join:control plane')
    expect(before).toContain('cp2/file:/etc/evcctl/etcd/client.crt')
    expect(before).toContain('cp2/key and request:/etc/evcctl/etcd/client')
    const upload = 'cp1/file:/etc/evcctl/kubeadm-upload-certs.yaml' as TaskId
    expect(before).toContain(upload)
    const { content } = two.tasks.get(upload)!.resource.desired as { readonly content: string }
    expect(content).toContain('- https://192.0.2.11:2379')
    expect(content).not.toContain('/etc/evcctl/etcd/')
  })

  test('cannot be made without the host of the CA', () => {
    const swapped = specOf({
      etcd: { topology: 'external' },
      hosts: [{ ...hosts[0], roles: ['control-plane'] }, { ...hosts[2] }],
    })
    const answered = new Map([...facts].filter(([name]) => name === 'cp1'))
    expect(() => clusterGraph(swapped, answered)).toThrow('keeps the CA of etcd')
  })
})

describe('the graph of a standing cluster whose etcd hosts change', () => {
  const cp1 = { name: 'cp1', address: '192.0.2.11', roles: ['control-plane'] }
  const cp2 = { name: 'cp2', address: '192.0.2.12', roles: ['control-plane'] }
  const etcdHost = (number: number) => ({ name: `e${number}`, address: `192.0.2.3${number}`, roles: ['etcd'] })
  const standing = { kubernetes: { kubeletConf: true, adminConf: true, controlPlane: true } }
  const none = { data: 'none', own: false, ca: false, client: false } as const

  function graphOf(numbers: readonly number[], etcd: Readonly<Record<string, Partial<HostFacts['etcd']>>>): Graph {
    const all = [cp1, cp2, ...numbers.map(etcdHost)]
    const known = all.map(({ name, address }): [string, HostFacts] => {
      const isUser = name.startsWith('cp')
      const told = { ...(isUser ? standing : {}), etcd: { ...none, client: isUser, ...etcd[name] } }
      return [name, factsOf(name, address, told)]
    })
    const answered = new Map(known.filter(([name]) => etcd[name]?.data !== undefined || name.startsWith('cp')))
    return clusterGraph(specOf({ etcd: { topology: 'external' }, hosts: all }), answered)
  }
  const formed = { data: 'formed' } as const
  const signs = { data: 'formed', ca: true } as const

  test('removes the dead before anybody joins, and former members when no API server asks them any more', () => {
    const graph = graphOf([2, 3, 4], { e2: formed, e3: signs, e4: { data: 'none' } })
    const dead = 'e3/etcd members:dead'
    const former = 'e3/etcd members:former'
    expect(waitsFor(graph, 'e4/etcd member:e4')).toContain(dead)
    const before = waitsFor(graph, former)
    for (const id of [
      'e2/etcd health:e2',
      'e4/etcd health:e4',
      'cp1/kubeadm configuration:node',
      'cp2/kubeadm configuration:node',
    ]) {
      expect(before).toContain(id)
    }
    expect(waitsFor(graph, 'cp1/kubeadm configuration:node')).toContain('e4/etcd health:e4')
    // Both read the same, so it is read once.
    expect(graph.tasks.get(dead as TaskId)?.resource.probe.script).toBe(
      graph.tasks.get('e3/etcd member:e3' as TaskId)?.resource.probe.script,
    )
  })

  test('signs where the CA is, whichever host comes first', () => {
    const graph = graphOf([2, 3, 4], { e2: formed, e3: signs, e4: { data: 'none' } })
    expect([...graph.tasks.keys()]).toContain('e3/certificate authority:etcd-ca')
    expect([...graph.tasks.keys()]).toContain('e3/certificate:e4-server')
  })

  test.each([
    [
      'the host of the CA is taken out',
      [2, 3, 4],
      { e2: formed, e3: formed, e4: { data: 'none' } },
      'No etcd host has the CA of etcd',
    ],
    [
      'it may be on one that is off',
      [1, 2, 3],
      { e2: formed, e3: formed },
      'a host that cannot be reached must have it',
    ],
    ['all are replaced at once', [4], { e4: { data: 'none', ca: true } }, 'No etcd host of cluster.yaml has data'],
    ['two have a CA', [1, 2, 3], { e1: signs, e2: signs, e3: formed }, 'More than one etcd host has a CA'],
  ] as const)('is refused when %s', (_what, numbers, etcd, words) => {
    expect(() => graphOf(numbers, etcd)).toThrow(words)
  })
})
