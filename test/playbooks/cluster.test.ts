import { describe, expect, test } from 'vitest'
import type { Graph, HostFacts, TaskId } from '../../src/index.ts'
import { retold } from '../facts/printed.ts'
import { bareState } from '../roles/bare-host.ts'
import { clusterGraph, facts, factsOf, ofRole, specOf, waitsFor } from './given.ts'
import { pictureOf } from './picture.ts'

describe('the graph of a cluster', () => {
  test('has every task in a right order, with no more waiting than there has to be', async () => {
    const graph = clusterGraph(specOf(), facts)
    await expect(pictureOf(graph)).toMatchFileSnapshot('../goldens/playbooks/cluster.txt')
  })

  test('is the same whenever it is made of the same', () => {
    const [one, other] = [facts, new Map([...facts].reverse())].map(known => clusterGraph(specOf(), known))
    expect([[...other!.tasks.keys()], other!.edges]).toEqual([[...one!.tasks.keys()], one!.edges])
  })

  test('lets a worker prepare itself without waiting for any other host', () => {
    const graph = clusterGraph(
      specOf({ images: { archives: [{ url: 'http://192.0.2.5/a.tar', sha256: 'a'.repeat(64) }] } }),
      facts,
    )
    const join = waitsFor(graph, 'w1/kubeadm join:node')
    expect([...join].filter(id => !id.startsWith('w1/'))).toContain('cp1/kubeadm init:cluster')
    for (const id of join) {
      if (id.startsWith('w1/')) expect([...waitsFor(graph, id)].filter(other => !other.startsWith('w1/'))).toEqual([])
    }
    expect(join).toContain('w1/images:a.tar')
    expect([...join].filter(id => id.startsWith('jetson-07/'))).toEqual([])
  })

  test('lets a node join when the firewalls let it in, and leaves them alone when told so', () => {
    const join = waitsFor(clusterGraph(specOf(), facts), 'w1/kubeadm join:node')
    expect(join).toContain('w1/firewall:openings')
    expect(join).toContain('cp1/firewall:openings')
    expect(join).not.toContain('jetson-07/firewall:openings')
    const ids = [...clusterGraph(specOf({ firewall: { manage: false } }), facts).tasks.keys()]
    expect(ids.filter(id => id.includes('firewall'))).toEqual([])
  })

  test('takes away what flannel decided for a former node before the host joins, so that no pod starts by it', () => {
    const former = ['/run/flannel/subnet.env', '/etc/cni/net.d/10-flannel.conflist']
    const graph = clusterGraph(specOf(), facts)
    for (const path of former) {
      expect(waitsFor(graph, 'w1/kubeadm join:node')).toContain(`w1/absent:${path}`)
      expect(waitsFor(graph, 'cp1/kubeadm init:cluster')).toContain(`cp1/absent:${path}`)
    }
    const kubernetes = { kubeletConf: true, adminConf: false, controlPlane: false }
    const standing = new Map([...facts, ['w1', factsOf('w1', '192.0.2.21', { kubernetes })]])
    const of = (made: Graph) => ofRole(made, 'former-network').filter(id => id.startsWith('w1/'))
    expect(of(graph)).toEqual(former.map(path => `w1/absent:${path}`))
    expect(of(clusterGraph(specOf(), standing))).toEqual([])
    expect(of(clusterGraph(specOf({ network: { cni: 'calico' } }), facts))).toEqual([])
  })

  test('makes every host of an architecture download for it', () => {
    const graph = clusterGraph(specOf(), facts)
    const stepsOf = (id: string) => {
      const { resource } = graph.tasks.get(id as TaskId)!
      return JSON.stringify(resource.converge(bareState(resource), resource.desired))
    }
    expect(stepsOf('w1/artifact:kubelet')).toContain('/bin/linux/amd64/kubelet')
    expect(stepsOf('jetson-07/artifact:kubelet')).toContain('/bin/linux/arm64/kubelet')
  })

  test('leaves out hosts that did not answer', () => {
    const answered = new Map([...facts].filter(([host]) => host !== 'w1'))
    const ids = [...clusterGraph(specOf(), answered).tasks.keys()]
    expect(ids.filter(id => id.startsWith('w1/') || id.endsWith(':w1'))).toEqual([])
    expect(ids).toContain('jetson-07/kubeadm join:node')
  })

  test('cannot be made without the first control plane node', () => {
    const answered = new Map([...facts].filter(([host]) => host !== 'cp1'))
    expect(() => clusterGraph(specOf(), answered)).toThrow('The first control plane node cannot be reached')
  })

  describe('with three control plane nodes', () => {
    const role = ['control-plane']
    const hosts = [
      { name: 'cp1', address: '192.0.2.11', roles: role },
      { name: 'cp2', address: '192.0.2.12', roles: role },
      { name: 'cp3', address: '192.0.2.13', roles: role },
      { name: 'w1', address: '192.0.2.21', roles: ['worker'] },
    ]
    const spec = specOf({ hosts })
    const bare = new Map(hosts.map(({ name, address }) => [name, factsOf(name, address)]))
    const kubernetes = { kubeletConf: true, adminConf: true, controlPlane: true }
    const standing = (name: string): HostFacts => retold(bare.get(name)!, { kubernetes })
    const config = (graph: Graph, host: string): string =>
      String(graph.tasks.get(`${host}/file:/etc/evcctl/nginx-proxy.conf` as TaskId)?.resource.desired.content)
    const joinOf = (host: string): string => `${host}/kubeadm join:control plane`

    test('they join side by side, after the proxy of their own host', () => {
      const graph = clusterGraph(spec, bare)
      const before = waitsFor(graph, joinOf('cp2'))
      expect(before).toContain('cp2/unit:evcctl-nginx-proxy.service')
      expect(before).toContain('cp1/kubeadm configuration:node')
      // All that it needs of the others is to be let in.
      expect([...before].filter(id => id.startsWith('cp3/') || id.startsWith('w1/'))).toEqual(['cp3/firewall:openings'])
      expect([...waitsFor(graph, joinOf('cp3'))].filter(id => id.startsWith('cp2/'))).toEqual(['cp2/firewall:openings'])
    })

    test('their static pods change one node at a time', () => {
      const graph = clusterGraph(spec, bare)
      expect(waitsFor(graph, 'cp3/kubeadm configuration:node')).toContain('cp2/kubeadm configuration:node')
    })

    test('every proxy knows all of them, and asks an API server of its own host first', () => {
      const graph = clusterGraph(spec, bare)
      const servers = (host: string) => config(graph, host).match(/server 192.*;/g)
      const tuning = 'max_fails=1 fail_timeout=2s'
      expect(servers('w1')).toEqual(['11', '12', '13'].map(end => `server 192.0.2.${end}:6443 ${tuning};`))
      expect(servers('cp2')).toEqual([
        `server 192.0.2.11:6443 ${tuning} backup;`,
        `server 192.0.2.12:6443 ${tuning};`,
        `server 192.0.2.13:6443 ${tuning} backup;`,
      ])
    })

    test('one that is off stays in proxies and certificates', () => {
      const answered = new Map([...bare].filter(([host]) => host !== 'cp3'))
      const [all, some] = [clusterGraph(spec, bare), clusterGraph(spec, answered)]
      const documents = 'cp1/file:/etc/evcctl/kubeadm.yaml' as TaskId
      expect(config(some, 'w1')).toBe(config(all, 'w1'))
      expect(some.tasks.get(documents)!.resource.desired).toEqual(all.tasks.get(documents)!.resource.desired)
      expect([...some.tasks.keys()].filter(id => id.startsWith('cp3/') || id.endsWith(':cp3'))).toEqual([])
    })

    test('one that is off and known by its name alone is an error', () => {
      const named = specOf({
        hosts: hosts.map(host => (host.name === 'cp3' ? { ...host, address: 'cp3.example' } : host)),
      })
      const answered = new Map([...bare].filter(([host]) => host !== 'cp3'))
      expect(() => clusterGraph(named, answered)).toThrow('cannot be reached')
    })

    const initOf = (graph: Graph) => [...graph.tasks.keys()].filter(id => id.endsWith('/kubeadm init:cluster'))

    test('any of a standing cluster can take the place of the first when that is off or bare', () => {
      const facts = new Map([...bare, ['cp2', standing('cp2')], ['cp3', standing('cp3')]])
      const replaced = clusterGraph(spec, facts)
      expect(initOf(replaced)).toEqual(['cp2/kubeadm init:cluster'])
      expect(waitsFor(replaced, joinOf('cp1'))).toContain('cp2/kubeadm configuration:node')
      const off = clusterGraph(spec, new Map([...facts].filter(([host]) => host !== 'cp1')))
      expect(initOf(off)).toEqual(['cp2/kubeadm init:cluster'])
      expect(config(off, 'w1')).toContain('server 192.0.2.11:6443')
      expect(initOf(clusterGraph(spec, new Map([...facts, ['cp1', standing('cp1')]])))).toEqual([
        'cp1/kubeadm init:cluster',
      ])
    })

    test('taking its place changes no file', () => {
      const facts = new Map([...bare, ['cp1', standing('cp1')], ['cp2', standing('cp2')]])
      const documents = (graph: Graph) =>
        [...graph.tasks.entries()].find(([id]) => /^cp2\/.*\/etc\/evcctl\/kubeadm\.yaml$/.test(id))![1].resource.desired
      const without = clusterGraph(spec, new Map([...facts].filter(([host]) => host !== 'cp1')))
      expect(documents(without)).toEqual(documents(clusterGraph(spec, facts)))
    })

    test('no other makes a new cluster when the first is off', () => {
      const facts = new Map([...bare].filter(([host]) => host !== 'cp1'))
      expect(() => clusterGraph(spec, facts)).toThrow('The first control plane node cannot be reached')
    })
  })

  test('has the local proxy that was chosen, which stops the other and which the kubelet waits for', () => {
    const ids = (localProxy: string) => [...clusterGraph(specOf({ controlPlane: { localProxy } }), facts).tasks.keys()]
    expect(ids('haproxy').filter(id => id.startsWith('w1/') && /haproxy|nginx-proxy/.test(id))).toEqual([
      'w1/file:/etc/evcctl/haproxy.cfg',
      'w1/file:/etc/systemd/system/evcctl-haproxy.service',
      'w1/unit:evcctl-haproxy.service',
      'w1/unit:evcctl-nginx-proxy.service',
    ])
    const graph = clusterGraph(specOf({ controlPlane: { localProxy: 'haproxy' } }), facts)
    const kubelet = graph.tasks.get('w1/file:/etc/systemd/system/kubelet.service' as TaskId)!
    expect(kubelet.resource.desired.content).toContain('evcctl-haproxy.service')
    expect(kubelet.resource.desired.content).not.toContain('nginx')
  })

  test('has no local proxy where there is a load balancer, and no network where there is to be none', () => {
    const graph = clusterGraph(
      specOf({ controlPlane: { endpoint: 'api.example:6443' }, network: { cni: 'none' } }),
      facts,
    )
    expect(pictureOf(graph)).not.toMatch(/nginx|flannel/)
  })
})
