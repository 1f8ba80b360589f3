import { describe, expect, test } from 'vitest'
import type { Graph, HostFacts, TaskId } from '../../src/index.ts'
import { nodesAnswered } from '../resources/api-given.ts'
import { stateOf } from '../resources/state-of.ts'
import { printedUnit, runningUnit, statOf } from '../resources/unit-given.ts'
import { clusterGraph, factsOf, specOf } from './given.ts'

const hosts = [
  { name: 'cp1', address: '192.0.2.11', roles: ['control-plane'] },
  { name: 'cp2', address: '192.0.2.12', roles: ['control-plane'] },
  { name: 'cp3', address: '192.0.2.13', roles: ['control-plane'] },
  { name: 'w1', address: '192.0.2.21', roles: ['worker'] },
  { name: 'w2', address: '192.0.2.22', roles: ['worker'] },
]
const archives = [{ url: 'http://192.0.2.1/new.tar', sha256: 'a'.repeat(64) }]
const spec = specOf({ hosts, kubernetes: { version: '1.36.4' }, images: { archives } })

/** Facts of nodes whose programs have these versions; a node without a version does not exist yet. */
function facts(versions: Readonly<Record<string, string | undefined>>): ReadonlyMap<string, HostFacts> {
  return new Map(
    hosts.map(({ name, address, roles }) => {
      const version = versions[name]
      const isServer = version !== undefined && roles.includes('control-plane')
      const kubernetes = {
        kubeletConf: version !== undefined,
        adminConf: isServer,
        controlPlane: isServer,
        ...(version === undefined ? {} : { kubelet: version }),
        ...(isServer ? { apiServer: version } : {}),
      }
      const listening = isServer
        ? [6443, 2379].map(port => ({ port, address: '::', process: port === 6443 ? 'kube-apiserver' : 'etcd' }))
        : []
      return [name, factsOf(name, address, { kubernetes, listening })]
    }),
  )
}

const all = (version: string) => Object.fromEntries(hosts.map(({ name }) => [name, version]))

/** What must be done before a task writes: all that it waits for, or is held back by. */
function earlierThan(graph: Graph, id: string): ReadonlySet<string> {
  const found = new Set<string>()
  const visit = (to: string): void => {
    for (const edge of graph.edges) {
      if (edge.to !== to || edge.enter === true || found.has(edge.from)) continue
      found.add(edge.from)
      visit(edge.from)
    }
  }
  visit(id)
  return found
}

const drainsIn = ({ tasks }: Graph) =>
  [...tasks.values()].filter(({ resource }) => resource.kind === 'drain').map(({ resource }) => resource.name)

describe('an upgrade to another minor', () => {
  const graph = clusterGraph(spec, facts(all('1.35.8')))

  test('replaces the kubelet of a control plane node after its static pods, flags and configuration', () => {
    for (const name of ['cp1', 'cp2', 'cp3']) {
      const earlier = earlierThan(graph, `${name}/artifact:kubelet`)
      expect(earlier).toContain(`${name}/kubeadm configuration:node`)
      expect(earlier).toContain(`${name}/kubelet configuration:/var/lib/kubelet/config.yaml`)
      expect(earlier).toContain(`${name}/kubelet flags:/var/lib/kubelet/kubeadm-flags.env`)
    }
  })

  test('replaces those of workers after all control plane nodes, and of the second when the first is back in service', () => {
    const earlier = earlierThan(graph, 'w2/artifact:kubelet')
    for (const name of ['cp1', 'cp2', 'cp3']) expect(earlier).toContain(`${name}/kubeadm configuration:node`)
    expect(earlier).toContain('w1/node:w1')
    expect(earlier).toContain('cp1/uncordon:w1')
  })

  const downloads = (name: string) => [
    ...['kubeadm', 'kubelet', 'kubectl'].map(program => `${name}/download:${program}`),
    `${name}/images:new.tar`,
  ]

  test('begins when nothing refuses it and all running nodes have its programs and images, before the first drain', () => {
    for (const id of ['cp1/kubeadm configuration:node', 'cp1/artifact:kubelet', 'w2/artifact:kubelet']) {
      const earlier = earlierThan(graph, id)
      for (const { name } of hosts) for (const download of downloads(name)) expect(earlier).toContain(download)
      expect(earlier).toContain('cp1/upgrade check:1.36.4')
    }
  })

  test('brings these to one node first, and waits for nothing that changes what runs', () => {
    for (const { name } of hosts) {
      const earlier = [...earlierThan(graph, `${name}/images:new.tar`)]
      const others = name === 'cp1' ? [] : ['cp1/barrier:one running node has the downloads of Kubernetes 1.36.4']
      expect(earlier.filter(id => !/\/(download|images):/.test(id))).toEqual(others)
      expect(earlier.filter(id => id.startsWith('cp1/download:'))).toHaveLength(name === 'cp1' ? 0 : 3)
    }
  })

  test('goes on when a node was lost before anything was written to it', () => {
    const into = graph.edges.filter(({ to }) => to.startsWith('cp1/barrier:all running nodes have the downloads'))
    expect(into.filter(({ spare }) => spare === true)).toHaveLength(hosts.length * 4)
    expect(into.filter(({ spare }) => spare !== true).map(({ from }) => from)).toEqual(['cp1/upgrade check:1.36.4'])
  })

  test('pulls the images of control plane nodes beforehand where no archives are listed', () => {
    const pulling = clusterGraph(specOf({ hosts, kubernetes: { version: '1.36.4' } }), facts(all('1.35.8')))
    const pulls = [...pulling.tasks.values()].filter(({ resource }) => resource.kind === 'images')
    expect(pulls.map(({ id }) => id)).toEqual(['cp1', 'cp2', 'cp3'].map(name => `${name}/images:Kubernetes 1.36.4`))
    expect(earlierThan(pulling, 'cp1/kubeadm configuration:node')).toContain('cp3/images:Kubernetes 1.36.4')
  })

  test('changes the static pods of one node after the other', () => {
    expect(earlierThan(graph, 'cp3/kubeadm configuration:node')).toContain('cp2/kubeadm configuration:node')
    expect(earlierThan(graph, 'cp2/kubeadm configuration:node')).toContain('cp1/kubeadm configuration:node')
  })

  test('gives kube-proxy and CoreDNS their versions when all API servers have theirs, and all nodes their images', () => {
    const earlier = earlierThan(graph, 'cp1/kubeadm addons:cluster')
    for (const name of ['w1', 'w2']) expect(earlier).toContain(`${name}/images:new.tar`)
    for (const name of ['cp1', 'cp2', 'cp3']) expect(earlier).toContain(`${name}/kubeadm configuration:node`)
  })

  // While kube-proxy is replaced on a node, that node sends packets to pods that a drain has ended elsewhere.
  test('gives them these when no node is drained any more, and those that leave are gone: they have no new images', () => {
    const earlier = earlierThan(graph, 'cp1/kubeadm addons:cluster')
    for (const { name } of hosts) expect(earlier).toContain(`cp1/uncordon:${name}`)
    const leaving = clusterGraph(
      specOf({
        hosts: hosts.map(host => (host.name === 'w2' ? { ...host, state: 'absent' } : host)),
        kubernetes: { version: '1.36.4' },
        images: { archives },
      }),
      facts(all('1.35.8')),
    )
    expect(earlierThan(leaving, 'cp1/kubeadm addons:cluster')).toContain('cp1/node gone:w2')
    expect(earlierThan(leaving, 'cp1/drain:w2')).not.toContain('cp1/rollout:kube-proxy')
  })

  test('drains every node for its kubelet', () => {
    expect(drainsIn(graph)).toEqual(['cp1', 'cp2', 'cp3', 'w1', 'w2'])
    const inside = graph.edges.filter(({ from, enter }) => from === ('cp1/drain:w1' as TaskId) && enter === true)
    expect(inside.map(({ to }) => to)).toEqual(['w1/artifact:kubelet', 'w1/unit:kubelet.service', 'w1/node:w1'])
  })

  test('spreads CoreDNS again when all drained nodes are in service', () => {
    const earlier = earlierThan(graph, 'cp1/cluster DNS:placement')
    for (const { name } of hosts) expect(earlier).toContain(`cp1/uncordon:${name}`)
  })

  test('lets a new worker join when no API server is older than its kubelet', () => {
    const joining = clusterGraph(spec, facts({ ...all('1.35.8'), w2: undefined }))
    for (const name of ['cp1', 'cp2', 'cp3'])
      expect(earlierThan(joining, 'w2/kubeadm join:node')).toContain(`${name}/kubeadm configuration:node`)
    const standing = clusterGraph(spec, facts({ ...all('1.36.4'), w2: undefined }))
    expect(earlierThan(standing, 'w2/kubeadm join:node')).not.toContain('cp3/kubeadm configuration:node')
  })
})

describe('the port of an API server that its new kubelet will start again', () => {
  const unit = 'kubelet.service'
  const path = '/usr/local/bin/kubelet'
  const changed = { ...runningUnit, files: { [path]: statOf(9) }, stamp: { [path]: statOf(1) } }
  const restartOn = (name: string, someHosts = hosts) => {
    const some = specOf({ hosts: someHosts, kubernetes: { version: '1.36.4' }, images: { archives } })
    const { resource } = clusterGraph(some, facts(all('1.35.8'))).tasks.get(`${name}/unit:${unit}` as TaskId)!
    const steps = resource.converge(stateOf(resource, ...printedUnit(unit, changed)), resource.desired)
    return steps.map(step => ('run' in step ? step.run : '')).join('')
  }

  test('is watched from before the kubelet is restarted, where clients have another one', () => {
    expect(restartOn('cp2')).toContain('then gate_api 6443')
    expect(restartOn('w1')).not.toContain('then gate_api')
    const lonely = hosts.filter(({ name }) => !['cp2', 'cp3'].includes(name))
    expect(restartOn('cp1', lonely)).not.toContain('then gate_api')
  })
})

describe("the user's own gate", () => {
  const gate = { command: './check.sh', timeout: '5m' }
  const graph = clusterGraph(
    specOf({ hosts, kubernetes: { version: '1.36.4' }, images: { archives }, rollout: { gate } }),
    facts(all('1.35.8')),
  )
  const gates = [...graph.tasks.values()].filter(({ resource }) => resource.kind === 'gate')

  test('is asked after each batch but the last, when its nodes are well', () => {
    expect(gates.map(({ resource }) => resource.here)).toEqual(
      ['cp1', 'cp2', 'cp3', 'w1'].map(name => ({
        command: './check.sh',
        folder: process.cwd(),
        timeoutMs: 300_000,
        env: { EVCCTL_CLUSTER: 'edge-seoul', EVCCTL_NODES: name },
      })),
    )
    expect(earlierThan(graph, gates[0]!.id)).toContain('cp1/node:cp1')
    expect(earlierThan(graph, gates[3]!.id)).toContain('cp1/uncordon:w1')
  })

  test('decides before the next nodes change, and before they are drained', () => {
    const inside = graph.edges.filter(({ from, enter }) => from === gates[3]!.id && enter === true)
    expect(inside.map(({ to }) => to)).toContain('w2/artifact:kubelet')
    expect(inside.every(({ to }) => to.startsWith('w2/'))).toBe(true)
    expect(earlierThan(graph, 'cp1/drain:w2')).toContain(gates[3]!.id)
    expect(earlierThan(graph, 'cp1/drain:w1')).toContain(gates[2]!.id)
  })

  test('is another one after the nodes of a group that has its own', () => {
    const north = { labels: { 'example.com/site': 'north' } }
    const grouped = clusterGraph(
      specOf({
        hosts: hosts.map(host => (host.name === 'w2' ? { ...host, ...north } : host)),
        kubernetes: { version: '1.36.4' },
        images: { archives },
        rollout: { groups: [{ ...north, gate: { command: './north.sh' } }] },
      }),
      facts(all('1.35.8')),
    )
    const asked = [...grouped.tasks.values()].filter(({ resource }) => resource.kind === 'gate')
    expect(asked.map(({ resource }) => [resource.here?.command, resource.here?.env.EVCCTL_NODES])).toEqual([
      ['./north.sh', 'w2'],
    ])
    expect(earlierThan(grouped, 'cp1/drain:w1')).toContain(asked[0]!.id)
  })

  test('is not there where the file has none', () => {
    const without = clusterGraph(spec, facts(all('1.35.8')))
    expect([...without.tasks.values()].filter(({ resource }) => resource.kind === 'gate')).toEqual([])
  })
})

describe('an upgrade that stops a member of etcd', () => {
  const guarded = (down: readonly string[], version = '1.35.8') => {
    const known = facts(all(version))
    const without = new Map([...known].filter(([name]) => !down.includes(name)))
    return clusterGraph(spec, without).tasks.get('cp1/guard:upgrade of etcd' as TaskId)
  }

  test('is refused with the numbers while the others would have no quorum', () => {
    const task = guarded(['cp3'])
    expect(task!.resource.diff(stateOf(task!.resource, ''), {}, { watched: [] })?.refused).toMatchObject({
      expected: 'at least 2 of 3 members while one is stopped',
      actual: '1: 2 of 3 voting members answer, 2 needed; down: cp3',
    })
  })

  test('is not refused for a member that is out because the upgrade itself was cut off there: it is put back first', () => {
    const known = new Map(facts(all('1.35.8')))
    const { address } = hosts[2]!
    const out = (more: object) =>
      factsOf('cp3', address, {
        kubernetes: { kubeletConf: true, adminConf: true, controlPlane: true, kubelet: '1.35.8', ...more },
        listening: [{ port: 22, address: '0.0.0.0', process: 'sshd' }],
      })
    const guard = () => clusterGraph(spec, known).tasks.get('cp1/guard:upgrade of etcd' as TaskId)
    known.set('cp3', out({ apiServer: '1.35.8' }))
    expect(guard()).toBeDefined()
    known.set('cp3', out({ formerApiServer: '1.35.8' }))
    expect(guard()).toBeUndefined()
    // A second run was killed right after that.
    known.set('cp3', out({ apiServer: '1.35.8', etcdPlacedMs: 20_000 }))
    expect(guard()).toBeUndefined()
    known.set('cp3', out({ apiServer: '1.35.8', etcdPlacedMs: 20 * 60_000 }))
    expect(guard()).toBeDefined()
  })

  test('is refused where the other etcd is put back on a node, as on one that has it still', () => {
    const known = new Map(facts(all('1.36.4')))
    const { address } = hosts[1]!
    const kubernetes = { kubeletConf: true, adminConf: true, controlPlane: true, kubelet: '1.35.8' }
    known.set(
      'cp2',
      factsOf('cp2', address, { kubernetes: { ...kubernetes, apiServer: '1.36.4', formerApiServer: '1.35.8' } }),
    )
    known.delete('cp3')
    expect(clusterGraph(spec, known).tasks.get('cp1/guard:upgrade of etcd' as TaskId)).toBeDefined()
  })

  test('is not refused where the only one that it stops is down: the upgrade may be what brings it back', () => {
    const known = new Map(facts({ ...all('1.36.4'), cp3: '1.35.8' }))
    const guard = () => clusterGraph(spec, known).tasks.get('cp1/guard:upgrade of etcd' as TaskId)
    const isDown = (name: string) => {
      const { address } = hosts.find(host => host.name === name)!
      const { kubernetes } = known.get(name)!
      const listening = [{ port: 22, address: '0.0.0.0', process: 'sshd' }]
      known.set(name, factsOf(name, address, { kubernetes, listening }))
    }
    isDown('cp3')
    expect(guard()).toBeUndefined()
    // Another one that is up would be stopped.
    known.set('cp2', facts(all('1.35.8')).get('cp2')!)
    expect(guard()).toBeDefined()
  })

  test('is not refused for a member that has the new etcd already, beside an API server of the former version', () => {
    const known = new Map(facts({ ...all('1.36.4'), cp3: '1.35.8' }))
    const guard = () => clusterGraph(spec, known).tasks.get('cp1/guard:upgrade of etcd' as TaskId)
    known.delete('cp2')
    expect(guard()).toBeDefined()
    const cp3 = known.get('cp3')!
    known.set('cp3', { ...cp3, kubernetes: { ...cp3.kubernetes, etcdTag: '3.6.8-0' } })
    expect(guard()).toBeUndefined()
  })

  test('is not refused while all run, nor where etcd keeps its version', () => {
    expect(guarded([])).toBeUndefined()
    expect(guarded(['w1'])).toBeUndefined()
    expect(guarded(['cp3'], '1.36.3')).toBeUndefined()
  })
})

describe('static pods that a run left out when it was cut off', () => {
  /** cp1 lost its power while its manifests were out: cp2 is the first node now. */
  const known = new Map(facts({ ...all('1.35.8'), cp2: '1.35.8' }))
  known.set(
    'cp1',
    factsOf('cp1', hosts[0]!.address, {
      kubernetes: {
        kubeletConf: true,
        adminConf: true,
        controlPlane: true,
        kubelet: '1.35.8',
        formerApiServer: '1.35.8',
      },
      listening: [{ port: 22, address: '0.0.0.0', process: 'sshd' }],
    }),
  )
  const back = 'cp1/static pods:former'

  test('come back before anything else changes a control plane, and wait for nobody', () => {
    const graph = clusterGraph(spec, known)
    for (const name of ['cp1', 'cp2', 'cp3']) {
      expect(earlierThan(graph, `${name}/kubeadm configuration:node`)).toContain(back)
      expect(earlierThan(graph, `${name}/kubeadm certificates:node`)).toContain(back)
    }
    expect([...earlierThan(graph, back)]).toEqual([])
    expect([...graph.tasks.keys()].filter(id => id.includes('/static pods:'))).toEqual([back])
  })

  test('are the old ones, so a worker that is new waits for the upgrade of that node, too', () => {
    const half = new Map(facts({ ...all('1.36.4'), w2: undefined }))
    const kubernetes = { ...half.get('cp3')!.kubernetes, formerApiServer: '1.35.8' }
    half.set('cp3', { ...half.get('cp3')!, kubernetes })
    expect(earlierThan(clusterGraph(spec, half), 'w2/kubeadm join:node')).toContain('cp3/kubeadm configuration:node')
  })
})

test('a member that is lost for good goes before the first member is stopped, also half way through an upgrade', () => {
  const leaving = specOf({
    hosts: hosts.map(host => (host.name === 'cp3' ? { ...host, state: 'absent' } : host)),
    kubernetes: { version: '1.36.4' },
    images: { archives },
    etcd: { allowEvenMembers: true },
  })
  const known = new Map(facts({ ...all('1.35.8'), cp1: '1.36.4' }))
  known.delete('cp3')
  const graph = clusterGraph(leaving, known)
  expect(earlierThan(graph, 'cp2/kubeadm configuration:node')).toContain('cp1/etcd member gone:cp3')
  expect([...earlierThan(graph, 'cp1/etcd member gone:cp3')].filter(id => id.startsWith('w'))).toEqual([])
})

test('nodes that have the minor already are not drained again, and those that a run left cordoned return to service', () => {
  const graph = clusterGraph(spec, facts({ ...all('1.36.4'), w2: '1.35.8' }))
  expect(drainsIn(graph)).toEqual(['w2'])
  for (const { name } of hosts) expect([...graph.tasks.keys()]).toContain(`cp1/uncordon:${name}`)
})

test('a control plane node that is not well stops an upgrade only before the upgrade has begun on it', () => {
  const known = new Map(facts({ ...all('1.35.8'), cp2: '1.36.4' }))
  const check = (without: readonly string[] = []) => {
    const answered = new Map([...known].filter(([name]) => !without.includes(name)))
    const task = clusterGraph(spec, answered).tasks.get('cp1/upgrade check:1.36.4' as TaskId)!
    const node = (name: string, status: string) => ({
      metadata: { name },
      status: { conditions: [{ type: 'Ready', status }] },
    })
    const raw = nodesAnswered(...['cp1', 'cp2', 'cp3'].map(name => node(name, name === 'cp1' ? 'True' : 'Unknown')))
    return task.resource.diff(task.resource.probe.parse(raw), {}, { watched: [] })?.refused?.actual
  }
  expect(check()).toBe('cp3, a control plane node, is not Ready')
  expect(check(['cp3'])).toBe('cp3, a control plane node, is not Ready')
  // Its manifests were taken out, and the run was killed.
  const { apiServer: _, ...kubernetes } = known.get('cp3')!.kubernetes
  known.set('cp3', { ...known.get('cp3')!, kubernetes: { ...kubernetes, controlPlane: false } })
  expect(check()).toBeUndefined()
})

test('nodes that have the version already download nothing, and no other node waits for them', () => {
  const graph = clusterGraph(spec, facts({ ...all('1.36.4'), w2: '1.35.8' }))
  expect([...graph.tasks.keys()].filter(id => id.includes('/download:'))).toEqual(
    ['kubeadm', 'kubelet', 'kubectl'].map(name => `w2/download:${name}`),
  )
  expect([...clusterGraph(spec, facts(all('1.36.4'))).tasks.keys()].join()).not.toContain('downloads of')
})

test('an upgrade to another patch drains nothing', () => {
  expect(drainsIn(clusterGraph(spec, facts(all('1.36.3'))))).toEqual([])
})

test('the only node of a cluster is not drained', () => {
  const one = specOf({
    hosts: [{ ...hosts[0], roles: ['control-plane', 'worker'] }],
    kubernetes: { version: '1.36.4' },
  })
  const known = new Map([...facts(all('1.35.8'))].slice(0, 1))
  expect(drainsIn(clusterGraph(one, known))).toEqual([])
})
