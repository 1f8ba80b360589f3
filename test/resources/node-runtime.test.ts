import { mkdirSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { runtimeOfSocket, runtimes } from '../../src/catalog/index.ts'
import { nodeRuntime } from '../../src/resources/kubeadm/node-runtime.ts'
import { Sandbox } from './sandbox.ts'

/** What a plan with `runtime: { name: cri-o }` says of a host with these files. */
async function change(files: Readonly<Record<string, string>>) {
  const sandbox = new Sandbox()
  for (const folder of ['/etc/kubernetes', '/var/lib/kubelet']) mkdirSync(sandbox.inside(folder), { recursive: true })
  for (const [path, content] of Object.entries(files)) writeFileSync(sandbox.inside(path), content)
  const resource = nodeRuntime({
    node: 'w1',
    name: 'cri-o',
    title: 'CRI-O',
    socket: runtimes['cri-o'].socket,
    ofSocket: socket => {
      const name = runtimeOfSocket(socket)
      return name === undefined ? undefined : { name, title: runtimes[name].title }
    },
  })
  return resource.diff(await sandbox.probe(resource), { name: 'cri-o' }, { watched: [] })
}

const node = { '/etc/kubernetes/kubelet.conf': 'x' }
const flags = (socket: string) => ({
  '/var/lib/kubelet/kubeadm-flags.env': `KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=${socket} --node-ip=192.0.2.21"\n`,
})
const instance = (socket: string) => ({
  '/var/lib/kubelet/instance-config.yaml': `apiVersion: kubelet.config.k8s.io/v1beta1\ncontainerRuntimeEndpoint: "${socket}"\n`,
})
const config = (socket: string) => ({
  '/var/lib/kubelet/config.yaml': `cgroupDriver: systemd\ncontainerRuntimeEndpoint: ${socket}\n`,
})

test('a host that is no node gets any runtime', async () => {
  expect(await change({})).toBeUndefined()
  expect(await change(flags('unix:///run/containerd/containerd.sock'))).toBeUndefined()
})

test.each([
  ['the flag', flags('unix:///var/run/crio/crio.sock')],
  ['instance-config.yaml', instance('unix:///run/crio/crio.sock')],
  [
    'the flag, which wins',
    { ...flags('unix:///run/crio/crio.sock'), ...config('unix:///run/containerd/containerd.sock') },
  ],
])('a node that has this runtime already is left alone: %s', async (_, files) => {
  expect(await change({ ...node, ...files })).toBeUndefined()
})

test.each([
  ['the flag', flags('unix:///var/run/containerd/containerd.sock')],
  ['instance-config.yaml', { ...config('""'), ...instance('unix:///var/run/containerd/containerd.sock') }],
  ['config.yaml', config('unix:///var/run/containerd/containerd.sock')],
])('a node with another runtime is refused, with what to do: %s', async (_, files) => {
  const found = await change({ ...node, ...files })
  expect(found?.fields).toEqual([{ field: 'runtime', before: 'containerd', after: 'cri-o' }])
  expect(found?.refused?.problem).toBe(
    'This node runs its pods with containerd, and evcctl does not change the runtime of an existing node.',
  )
  expect(found?.refused?.next).toMatch(
    /spec\.runtime\.name: containerd.*kubectl drain w1 .*kubeadm reset --cri-socket 'unix:/,
  )
})

test('a socket of somebody else is refused by its path', async () => {
  const found = await change({ ...node, ...flags('unix:///run/k3s/containerd/containerd.sock') })
  expect(found?.refused?.problem).toContain('unix:///run/k3s/containerd/containerd.sock')
})
