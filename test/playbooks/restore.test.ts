import { describe, expect, test } from 'vitest'
import { kubeadm } from '../../distributions/kubeadm/index.ts'
import { type RestoreOrder, restoreFrom } from '../../playbooks/restore.ts'
import { type Graph, inventoryOf, type TaskId } from '../../src/index.ts'
import { stateOf } from '../resources/state-of.ts'
import { clusterGraph, facts, factsOf, specOf, waitsFor } from './given.ts'
import { pictureOf } from './picture.ts'

const order: RestoreOrder = {
  attempt: '0123456789abcdef',
  archive: { file: '/site/snapshot.tar.gz', sha256: 'a'.repeat(64) },
  snapshot: { size: 20_512, sha256: 'b'.repeat(64), revision: 41, keys: 7, time: '20261129T083000Z' },
  revision: 1234,
  lost: [],
}
const host = (name: string, end: number, ...roles: string[]) => ({ name, address: `192.0.2.${end}`, roles })
const stacked = [
  host('cp1', 11, 'control-plane'),
  host('cp2', 12, 'control-plane'),
  host('cp3', 13, 'control-plane'),
  host('w1', 21, 'worker'),
]
const external = [
  host('cp1', 11, 'control-plane'),
  host('e1', 31, 'etcd'),
  host('e2', 32, 'etcd'),
  host('e3', 33, 'etcd'),
]
type Hosts = readonly { readonly name: string; readonly address: string }[]
const known = (hosts: Hosts) => new Map(hosts.map(({ name, address }) => [name, factsOf(name, address)]))
const ofStacked = (given = order, answered = known(stacked)) =>
  restoreFrom(given)(inventoryOf(specOf({ hosts: stacked }), kubeadm, answered))
const ofExternal = () =>
  restoreFrom(order)(inventoryOf(specOf({ hosts: external, etcd: { topology: 'external' } }), kubeadm, known(external)))
const id = (name: string, step: string) => `${name}/etcd restore:${step}` as TaskId
const earlier = (graph: Graph, name: string, step: string) =>
  [...waitsFor(graph, id(name, step))].map(one => one.replace('etcd restore:', ''))
const runOf = (graph: Graph, name: string, step: string) => {
  const { resource } = graph.tasks.get(id(name, step))!
  return JSON.stringify(resource.converge(stateOf(resource), resource.desired))
}

describe('a restore of etcd', () => {
  test('does its steps in the order of the picture', async () => {
    await expect(pictureOf(ofStacked())).toMatchFileSnapshot('../goldens/playbooks/restore.txt')
    await expect(pictureOf(ofExternal())).toMatchFileSnapshot('../goldens/playbooks/restore-external.txt')
  })

  test('stops nothing before every member has a snapshot that was checked', () => {
    expect(earlier(ofStacked(), 'cp1', 'hold')).toEqual(expect.arrayContaining(['cp1/check', 'cp2/check', 'cp3/check']))
  })

  test('stops everything again right before the data, because the host may have been booted since', () => {
    const [stackedRun, externalRun] = [runOf(ofStacked(), 'cp1', 'data'), runOf(ofExternal(), 'e1', 'data')]
    for (const [run, stop] of [
      [stackedRun, 'end kube-apiserver'],
      [stackedRun, 'end etcd'],
      [externalRun, 'systemctl stop -- etcd'],
    ] as const) {
      expect(run).toContain(stop)
      expect(run.indexOf(stop)).toBeLessThan(run.indexOf('snapshot restore'))
    }
  })

  test('stops API servers that were booted since again, before the next data', () => {
    const graph = ofExternal()
    const { resource } = graph.tasks.get(id('cp1', 'hold'))!
    const diff = (...lines: string[]) => resource.diff(stateOf(resource, ...lines), resource.desired, { watched: [] })
    const done = [`attempt=${order.attempt}`, 'done=begin', 'done=hold', 'done=data']
    expect(diff(...done)).toBeUndefined()
    expect(diff(...done, 'undone=hold')).toBeDefined()
    expect(resource.probe.script).toContain('systemctl show --property ActiveState --value kubelet.service')
    // With no data to restore any more, it runs on.
    const inside = graph.edges.filter(({ from, enter }) => from === id('cp1', 'hold') && enter === true)
    const names = ['e1', 'e2', 'e3'].flatMap(name => [id(name, 'stop'), id(name, 'data')])
    expect(inside.map(({ to }) => to).sort()).toEqual(names.sort())
  })

  test('has not ended where a member serves an older revision than the restored one', () => {
    expect(runOf(ofStacked(), 'cp1', 'well')).toContain('-lt 1000000041')
  })

  test('touches no data while an API server or a member runs, and one member first', () => {
    for (const graph of [ofStacked(), ofExternal()]) {
      const [first, ...others] = [...graph.tasks.keys()]
        .filter(one => one.endsWith(':data'))
        .map(one => one.split('/')[0]!)
      const all = [...graph.tasks.keys()].filter(one => /:(hold|stop)$/.test(one))
      for (const name of [first!, ...others])
        expect([...waitsFor(graph, id(name, 'data'))]).toEqual(expect.arrayContaining(all))
      for (const name of others) expect(earlier(graph, name, 'data')).toContain(`${first}/data`)
      expect(earlier(graph, first!, 'start')).toEqual(expect.arrayContaining(others.map(name => `${name}/data`)))
    }
  })

  test('leaves workers alone but for waiting until they are Ready', () => {
    const graph = ofStacked()
    expect([...graph.tasks.keys()].filter(one => one.startsWith('w1/'))).toEqual([])
    expect(runOf(graph, 'cp1', 'nodes')).toContain("'w1'")
  })

  test('makes all members of one cluster that no other attempt shares, with later revisions', () => {
    const run = runOf(ofStacked(), 'cp2', 'data')
    expect(run).toContain(
      "--initial-cluster 'cp1=https://192.0.2.11:2380,cp2=https://192.0.2.12:2380,cp3=https://192.0.2.13:2380'",
    )
    expect(run).toContain(`--initial-cluster-token 'restore-${order.attempt}'`)
    expect(run).toContain('--bump-revision 1000000000 --mark-compacted')
  })

  test('says what is lost, and where the data of now will be', () => {
    const { resource } = ofStacked().tasks.get(id('cp1', 'data'))!
    const change = resource.diff(stateOf(resource), resource.desired, { watched: [] })
    expect(change?.fields).toEqual([
      { field: 'data', before: 'revision 1234', after: 'revision 41 of 20261129T083000Z, 7 keys' },
    ])
    expect(change?.note).toContain(`/var/lib/etcd/before-restore-${order.attempt}`)
  })

  test('is refused while a member may run on a host that does not answer, unless it is named as lost', () => {
    const answered = new Map([...known(stacked)].filter(([name]) => name !== 'cp2'))
    expect(() => ofStacked(order, answered)).toThrow(/^cp2: [\s\S]*two clusters[\s\S]*--lost cp2/)
    expect(() => ofStacked({ ...order, lost: ['cp2'] })).toThrow(/^cp2: [\s\S]*it answers/)
    const graph = ofStacked({ ...order, lost: ['cp2'] }, answered)
    expect(runOf(graph, 'cp1', 'data')).not.toContain('cp2')
  })

  describe('of a cluster whose other control plane nodes are to leave', () => {
    const hosts = stacked.map(one => (['cp2', 'cp3'].includes(one.name) ? { ...one, state: 'absent' } : one))
    const kubernetes = { kubeletConf: true, adminConf: true, controlPlane: true }
    const restore = (states: Readonly<Record<string, object | undefined>>, lost: readonly string[] = []) => {
      const answered = hosts.flatMap(({ name, address }) =>
        name in states && states[name] === undefined ? [] : [[name, factsOf(name, address, states[name])] as const],
      )
      return restoreFrom({ ...order, lost })(inventoryOf(specOf({ hosts }), kubeadm, new Map(answered)))
    }
    const former = {}

    test('is refused while they may serve the cluster of before', () => {
      const refusal = /^cp2, cp3: [\s\S]*two clusters[\s\S]*state: absent out of[\s\S]*--lost cp2 --lost cp3/
      expect(() => restore({ cp2: { kubernetes }, cp3: { kubernetes } })).toThrow(refusal)
      expect(() => restore({ cp2: undefined, cp3: undefined })).toThrow(refusal)
      expect(() => restore({ cp2: former, cp3: { kubernetes } })).toThrow(/^cp3: /)
      const cutOff = { kubernetes: { ...kubernetes, controlPlane: false, formerApiServer: '1.36.4' } }
      expect(() => restore({ cp2: former, cp3: cutOff })).toThrow(/^cp3: /)
    })

    test('goes on when they have left, or are lost and silent', () => {
      expect(restore({ cp2: former, cp3: former }).tasks.size).toBeGreaterThan(0)
      expect(restore({ cp2: undefined, cp3: former }, ['cp2']).tasks.size).toBeGreaterThan(0)
      expect(() => restore({ cp2: { kubernetes }, cp3: former }, ['cp2'])).toThrow(/^cp2: [\s\S]*it answers/)
    })
  })

  test('of an etcd on hosts of its own is refused while a host that is to leave has data of a member', () => {
    const hosts = external.map(one => (one.name === 'e3' ? { ...one, state: 'absent' } : one))
    const spec = specOf({ hosts, etcd: { topology: 'external', allowEvenMembers: true } })
    const data = { etcd: { data: 'formed' as const, own: true, ca: false, client: false } }
    const answered = (e3: object) => new Map([...known(external), ['e3', factsOf('e3', '192.0.2.33', e3)]] as const)
    expect(() => restoreFrom(order)(inventoryOf(spec, kubeadm, answered(data)))).toThrow(/^e3: [\s\S]*two clusters/)
    expect(restoreFrom(order)(inventoryOf(spec, kubeadm, answered({}))).tasks.size).toBeGreaterThan(0)
  })

  test('is taken up where it was cut off, and done again by a later one', () => {
    const { resource } = ofStacked().tasks.get(id('cp1', 'data'))!
    const diff = (...lines: string[]) => resource.diff(stateOf(resource, ...lines), resource.desired, { watched: [] })
    expect(diff(`attempt=${order.attempt}`, 'done=begin', 'done=data')).toBeUndefined()
    expect(diff(`attempt=${order.attempt}`, 'done=begin')).toBeDefined()
    expect(diff('attempt=ffffffffffffffff', 'done=begin', 'done=data', 'done=end')).toBeDefined()
  })

  test('is taken up only with the members that it was begun with', () => {
    const begin = (graph: Graph) => /members=([0-9a-f]{32})/.exec(runOf(graph, 'cp1', 'begin'))?.[1]
    const attempt = 'fedcba9876543210'
    const without = new Map([...known(stacked)].filter(([name]) => name !== 'cp2'))
    const members = begin(ofStacked())!
    const token = (graph: Graph) => /cluster-token 'restore-([0-9a-f]{16})'/.exec(runOf(graph, 'cp1', 'data'))?.[1]
    expect(token(ofStacked({ ...order, cutOff: { attempt, members } }))).toBe(attempt)
    const fewer = ofStacked({ ...order, lost: ['cp2'], cutOff: { attempt, members } }, without)
    expect(token(fewer)).toBe(order.attempt)
    expect(begin(fewer)).not.toBe(members)
    // An evcctl that did not record the members has begun it.
    expect(token(ofStacked({ ...order, cutOff: { attempt, members: undefined } }))).toBe(order.attempt)
  })

  test('says so where only its end is left, and nothing is restored any more', () => {
    const { resource } = ofStacked().tasks.get(id('cp1', 'end'))!
    const note = (...lines: string[]) =>
      resource.diff(stateOf(resource, ...lines), resource.desired, { watched: [] })?.note
    expect(note()).toBeUndefined()
    expect(note(`attempt=${order.attempt}`, 'done=data')).toBeUndefined()
    expect(note(`attempt=${order.attempt}`, 'done=data', 'done=serve')).toContain('to restore the snapshot once more')
    expect(note('attempt=ffffffffffffffff', 'done=data', 'done=serve')).toBeUndefined()
  })

  test('that was cut off keeps apply from changing anything, one that has ended does not', () => {
    const { resource } = clusterGraph(specOf(), facts).tasks.get(id('cp1', 'unfinished'))!
    const diff = (...lines: string[]) => resource.diff(stateOf(resource, ...lines), resource.desired, { watched: [] })
    expect(diff()).toBeUndefined()
    expect(diff(`attempt=${order.attempt}`, 'done=data', 'done=end')).toBeUndefined()
    expect(diff(`attempt=${order.attempt}`, 'done=data')?.refused?.next).toContain('evcctl etcd restore --from')
  })
})
