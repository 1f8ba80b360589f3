import { expect, test } from 'vitest'
import { Secret, type TaskId } from '../../src/index.ts'
import { clusterGraph, facts, specOf } from '../playbooks/given.ts'

/** The content of a file task of the graph. */
function contentOf(id: string, spec: Record<string, unknown> = {}): string {
  const { content } = clusterGraph(specOf(spec), facts).tasks.get(id as TaskId)!.resource.desired
  if (content instanceof Secret) throw new Error(`${id} is secret`)
  return content
}

const document = 'cp1/file:/etc/evcctl/kubeadm.yaml'

test('kubeadm gets the documents of the golden', async () => {
  await expect(contentOf(document)).toMatchFileSnapshot('../goldens/roles/kubeadm.yaml')
})

test('kubeadm gets all that can be set in cluster.yaml', async () => {
  const spec = {
    kubernetes: {
      clusterDomain: 'edge.local',
      clusterConfiguration: { apiServer: { extraArgs: [{ name: 'v', value: '2' }] }, featureGates: { X: true } },
      initConfiguration: { nodeRegistration: { kubeletExtraArgs: [{ name: 'v', value: '3' }] } },
      kubeletConfiguration: { maxPods: 50 },
      kubeProxyConfiguration: { mode: 'nftables' },
      ignorePreflightErrors: ['NumCPU'],
    },
    controlPlane: { localProxyPort: 7000, bindPort: 7001, extraSANs: ['api.example'] },
    network: { podCIDR: '10.1.0.0/16', nodePrefix: 25, serviceCIDR: '10.2.0.0/16' },
    images: { registry: 'registry.example/k8s' },
    hosts: [{ name: 'cp1', address: '192.0.2.11', roles: ['control-plane', 'worker'] }],
  }
  await expect(contentOf(document, spec)).toMatchFileSnapshot('../goldens/roles/kubeadm-all.yaml')
})

test('an API server that ends does not wait for open watches, unless cluster.yaml says so', () => {
  const name = 'shutdown-watch-termination-grace-period'
  expect(contentOf(document)).toContain(`- name: ${name}\n      value: 5s\n`)
  const extraArgs = [{ name, value: '0s' }]
  const text = contentOf(document, { kubernetes: { clusterConfiguration: { apiServer: { extraArgs } } } })
  expect(text).toContain(`- name: ${name}\n      value: 0s\n`)
  expect(text.split(name)).toHaveLength(2)
})

test.each([
  ['kubelet.service', 'cp1/file:/etc/systemd/system/kubelet.service'],
  ['containerd.service', 'cp1/file:/etc/systemd/system/containerd.service'],
])('a host gets the %s of the golden', async (name, id) => {
  await expect(contentOf(id)).toMatchFileSnapshot(`../goldens/roles/${name}`)
})

test('without a local proxy the kubelet does not wait for one', () => {
  const text = contentOf('cp1/file:/etc/systemd/system/kubelet.service', {
    controlPlane: { endpoint: 'api.example:6443' },
  })
  expect(text).toContain('After=network-online.target containerd.service\n')
})

test('the kubelet that runs etcd needs the disk of its data, and no other kubelet does', () => {
  const unit = (host: string, spec: Readonly<Record<string, unknown>> = {}) =>
    contentOf(`${host}/file:/etc/systemd/system/kubelet.service`, spec)
  expect(unit('cp1')).toContain('\nRequiresMountsFor=/var/lib/etcd\n')
  const clusterConfiguration = { etcd: { local: { dataDir: '/data/etcd' } } }
  expect(unit('cp1', { kubernetes: { clusterConfiguration } })).toContain('\nRequiresMountsFor=/data/etcd\n')
  expect(unit('w1')).not.toContain('RequiresMountsFor')
})

test('the API server certificate has only names that kubeadm takes', () => {
  const text = contentOf(document, {
    controlPlane: { endpoint: 'API.example:6443', extraSANs: ['Edge.Example.COM', '*.edge.example', '2001:db8::1'] },
    hosts: [{ name: 'cp1', address: 'My_Pi', privateAddress: '192.0.2.11', roles: ['control-plane'] }],
  })
  const [, list = ''] = /certSANs:\n((?: +- .*\n)+)/.exec(text) ?? []
  const names = ['cp1', '192.0.2.11', 'api.example', '127.0.0.1', 'localhost', 'edge.example.com', '*.edge.example']
  expect(list.split('\n').map(line => line.replace(/^ *- |"/g, ''))).toEqual([...names, '2001:db8::1', ''])
  expect(text).toContain('controlPlaneEndpoint: api.example:6443\n')
})

test('a containerd configuration with a password is not shown', () => {
  const registry = { configs: { 'registry.example': { auth: { username: 'edge', password: 'correct-horse' } } } }
  const runtime = { configPatches: [{ plugins: { 'io.containerd.cri.v1.images': { registry } } }] }
  expect(() => contentOf('cp1/file:/etc/containerd/config.toml', { runtime })).toThrow('is secret')
})
