import { expect, test } from 'vitest'
import { type ClusterSecrets, type Resource, Secret } from '../../src/index.ts'
import { bareState } from '../roles/bare-host.ts'
import { clusterGraph, facts, specOf } from './given.ts'

const proxy = {
  http: 'http://proxy.example:3128',
  https: 'http://proxy.example:3128',
  username: 'ada',
  password: { fromEnv: 'PROXY' },
}
const secrets: ClusterSecrets = {
  registries: {},
  proxy: { username: 'ada', password: new Secret('open sesame', 'password of ada') },
}

function stepsOf(resource: Resource<unknown, unknown>) {
  return resource.converge(bareState(resource), resource.desired)
}

test.each([
  ['containerd', 'cilium'],
  ['cri-o', 'calico'],
  ['docker', 'flannel'],
])('whatever a host fetches comes through the proxy: %s, %s', (runtime, cni) => {
  const hosts = [
    { name: 'cp1', address: '192.0.2.11', roles: ['control-plane'] },
    { name: 'w1', address: '192.0.2.21', roles: ['etcd'] },
  ]
  const images = { archives: [{ url: 'http://files.example/a.tar', sha256: 'a'.repeat(64) }] }
  const spec = specOf({
    proxy,
    hosts,
    images,
    runtime: { name: runtime },
    network: { cni },
    etcd: { topology: 'external' },
  })
  const tasks = [...clusterGraph(spec, facts, secrets).tasks.values()]
  const fetching = tasks.filter(({ resource }) => ['artifact', 'packages', 'images'].includes(resource.kind))
  expect(new Set(fetching.map(({ resource }) => resource.kind)).size).toBe(3)
  for (const { id, resource } of fetching) {
    const [step] = stepsOf(resource)
    expect(step, id).toHaveProperty('stdin')
    const script = step !== undefined && 'run' in step ? step.run : ''
    expect(script, id).toContain('https_proxy=')
    expect(script, id).toMatch(/no_proxy='[^']*,cp1,192\.0\.2\.11,w1,/)
    expect(JSON.stringify(step), id).not.toMatch(/sesame/)
  }
})

test('no probe asks a server by the proxy that a .curlrc of root names', () => {
  const scripts = ['stacked', 'external'].flatMap(topology => {
    const hosts = [
      { name: 'cp1', address: '192.0.2.11', roles: ['control-plane'] },
      { name: 'w1', address: '192.0.2.21', roles: topology === 'external' ? ['etcd'] : ['worker'] },
    ]
    const spec = specOf({ proxy, hosts, runtime: { name: 'docker' }, etcd: { topology } })
    return [...clusterGraph(spec, facts, secrets).tasks.values()].map(({ resource }) => resource.probe.script)
  })
  const calls = scripts.flatMap(script => script.match(/\bcurl -.*/g) ?? [])
  expect(calls.length).toBeGreaterThan(3)
  expect(calls.filter(call => !call.startsWith('curl -q '))).toEqual([])
})

test('without spec.proxy a host goes by its own environment', () => {
  const tasks = [...clusterGraph(specOf(), facts).tasks.values()]
  for (const { id, resource } of tasks.filter(({ resource }) => ['artifact', 'packages'].includes(resource.kind)))
    expect(JSON.stringify(stepsOf(resource)), id).toContain('evcctl_proxies')
})
