import { describe, expect, test } from 'vitest'
import { clusterGraph } from '../../playbooks/cluster.ts'
import { rollingNote, runningBatches } from '../../playbooks/rolling.ts'
import type { HostFacts, Plan, TaskId } from '../../src/index.ts'
import { factsOf, specOf, waitsFor } from './given.ts'

const controlPlane = ['cp1', 'cp2', 'cp3']
const workers = Array.from({ length: 9 }, (_, index) => `w${index + 1}`)
const names = [...controlPlane, ...workers]
const hosts = names.map((name, index) => ({
  name,
  address: `192.0.2.${index + 1}`,
  roles: [name.startsWith('cp') ? 'control-plane' : 'worker'],
}))
const spec = specOf({ hosts })

/** Facts of hosts of which these are nodes already. */
function standing(running: readonly string[], answered: readonly string[] = names): ReadonlyMap<string, HostFacts> {
  return new Map(
    hosts
      .filter(({ name }) => answered.includes(name))
      .map(({ name, address }) => {
        const isNode = running.includes(name)
        const isControlPlane = isNode && name.startsWith('cp')
        const kubernetes = { kubeletConf: isNode, adminConf: isControlPlane, controlPlane: isControlPlane }
        return [name, { ...factsOf(name, address), kubernetes }]
      }),
  )
}

describe('running nodes', () => {
  test('get what can stop their kubelets in batches: one, the other control plane nodes one by one, a worker, a quarter of the workers', () => {
    expect(runningBatches(spec, standing(names))).toEqual([
      ['cp1'],
      ['cp2'],
      ['cp3'],
      ['w1'],
      ['w2', 'w3'],
      ['w4', 'w5'],
      ['w6', 'w7'],
      ['w8', 'w9'],
    ])
  })

  test('are the ones that answered and were made whole, and the first of them goes alone', () => {
    const running = names.filter(name => name !== 'w2')
    const facts = new Map(standing(running, ['cp2', 'w1', 'w2', 'w3']))
    const half = facts.get('w3')!
    facts.set('w3', { ...half, remains: { ...half.remains, begun: true } as NonNullable<HostFacts['remains']> })
    expect(runningBatches(spec, facts)).toEqual([['cp2'], ['w1']])
    expect(runningBatches(spec, standing([]))).toEqual([])
  })

  test.each([
    ['containerd', 'file:/etc/containerd/config.toml'],
    ['containerd', 'unit:containerd.service'],
    ['kubernetes-binaries', 'file:/etc/systemd/system/kubelet.service'],
    ['kubernetes-binaries', 'artifact:kubelet'],
    ['kubelet', 'kubelet configuration:/var/lib/kubelet/config.yaml'],
    ['kubelet', 'kubelet flags:/var/lib/kubelet/kubeadm-flags.env'],
    ['kubelet', 'unit:kubelet.service'],
  ])('get it when the batch before them is Ready: %s %s', (role, thing) => {
    const graph = clusterGraph(spec, standing(names))
    const ready = (name: string) => `${name}/kubelet/node:${name}`
    expect(waitsFor(graph, `cp2/${role}/${thing}`)).toContain(ready('cp1'))
    const before = waitsFor(graph, `w4/${role}/${thing}`)
    for (const name of [...controlPlane, 'w1', 'w2', 'w3']) expect(before).toContain(ready(name))
    expect(before).not.toContain(ready('w5'))
    const first = [...waitsFor(graph, `cp1/${role}/${thing}`)].filter(id => id.includes('/kubelet/'))
    expect(first.filter(id => !id.startsWith('cp1/'))).toEqual([])
  })

  test('do not hold back nodes that this run makes, nor anything of a new cluster', () => {
    const graph = clusterGraph(spec, standing(names.filter(name => name !== 'w9')))
    const kubelets = [...waitsFor(graph, 'w9/kubelet/node:w9')].filter(id => id.includes('/kubelet/'))
    expect(kubelets.filter(id => !id.startsWith('w9/'))).toEqual([])
    expect([...clusterGraph(spec, standing([])).tasks.keys()].filter(id => id.includes('/rolling/'))).toEqual([])
  })

  test('have an order whichever of them are there, and with an etcd of their own', () => {
    const external = specOf({
      hosts: hosts.map(host => (host.name.startsWith('cp') ? { ...host, roles: [...host.roles, 'etcd'] } : host)),
      etcd: { topology: 'external' },
    })
    for (const running of [names, ['cp2', 'w1'], ['cp2', 'cp3'], ['w1', 'w2'], ['cp1']]) {
      expect(clusterGraph(spec, standing(running)).tasks.size).toBeGreaterThan(0)
      expect(clusterGraph(external, standing(running)).tasks.size).toBeGreaterThan(0)
    }
  })

  test('cost edges in proportion to their number', () => {
    const many = Array.from({ length: 200 }, (_, index) => ({
      name: `n${index}`,
      address: `10.0.${Math.floor(index / 200)}.${(index % 200) + 1}`,
      roles: [index === 0 ? 'control-plane' : 'worker'],
    }))
    const facts = new Map(
      many.map(({ name, address }, index) => {
        const kubernetes = { kubeletConf: true, adminConf: index === 0, controlPlane: index === 0 }
        return [name, { ...factsOf(name, address), kubernetes }]
      }),
    )
    const { edges, tasks } = clusterGraph(specOf({ hosts: many }), facts)
    expect(edges.length / tasks.size).toBeLessThan(5)
  })

  test('are told in their order by the plan, when several of them change', () => {
    const plan = (...ids: string[]): Plan => ({
      verdicts: new Map(ids.map(id => [id as TaskId, { is: 'change', change: { action: 'update', fields: [] } }])),
    })
    const batches = runningBatches(spec, standing(names))
    const config = (name: string) => `${name}/kubelet/kubelet configuration:/var/lib/kubelet/config.yaml`
    expect(rollingNote(batches, plan(config('w3'), 'cp1/os/hostname:cp1'))).toBeUndefined()
    expect(rollingNote(batches, plan(config('cp1'), config('w3')))).toContain(
      'cp1 first; when it is Ready with what is new, w3.',
    )
    expect(rollingNote(batches, plan(...names.map(config)))).toContain('cp2, cp3, w1 and 8 more up to 2 at a time.')
  })
})
