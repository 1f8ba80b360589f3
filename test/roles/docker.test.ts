import { expect, test } from 'vitest'
import { documentsOf } from '../../distributions/kubeadm/documents.ts'
import { kubeadm } from '../../distributions/kubeadm/index.ts'
import { certificateFiles, renderDockerConfig } from '../../roles/docker/config.ts'
import { inventoryOf } from '../../src/cluster/index.ts'
import { clusterGraph, facts, specOf } from '../playbooks/given.ts'
import { pictureOf } from '../playbooks/picture.ts'
import { sentBy } from '../playbooks/scripts.ts'

test('a host gets package, programs, files and units in the order of the picture', async () => {
  const graph = clusterGraph(
    specOf({
      runtime: { name: 'docker', registryMirrors: { 'docker.io': ['http://192.0.2.5:5000'] } },
      images: { archives: [{ url: 'http://192.0.2.5/a.tar', sha256: 'a'.repeat(64) }] },
    }),
    facts,
  )
  const picture = pictureOf(graph, ({ host, role }) => host === 'w1' && ['docker', 'images'].includes(role))
  await expect(picture).toMatchFileSnapshot('../goldens/roles/docker.txt')
})

test('patches are laid over daemon.json in order; lists are replaced, null takes a key away', () => {
  const text = renderDockerConfig({
    mirrors: [],
    patches: [
      { runtimes: { nvidia: { path: 'nvidia-container-runtime' } }, 'default-runtime': 'nvidia' },
      { iptables: null, 'log-opts': { 'max-size': '1m' } },
    ],
  })
  expect(JSON.parse(text)).toEqual({
    'exec-opts': ['native.cgroupdriver=systemd'],
    'log-driver': 'json-file',
    'log-opts': { 'max-size': '1m', 'max-file': '5' },
    'live-restore': true,
    runtimes: { nvidia: { path: 'nvidia-container-runtime' } },
    'default-runtime': 'nvidia',
  })
})

test('kubelets from 1.36 on are told to ask cri-dockerd as before; cluster.yaml can say otherwise', () => {
  const gates = (version: string, kubeletConfiguration = {}) => {
    const spec = specOf({ runtime: { name: 'docker' }, kubernetes: { version, kubeletConfiguration } })
    return documentsOf(inventoryOf(spec, kubeadm, facts)).kubelet.featureGates
  }
  expect(gates('1.36.4')).toEqual({ ExtendWebSocketsToKubelet: false })
  expect(gates('1.35.8')).toBeUndefined()
  expect(gates('1.36.4', { featureGates: { A: true, ExtendWebSocketsToKubelet: true } })).toEqual({
    A: true,
    ExtendWebSocketsToKubelet: true,
  })
})

test('a proxy with a password is not shown', () => {
  const runtime = { name: 'docker', configPatches: [{ proxies: { 'http-proxy': 'http://ada:s3cret@192.0.2.9:3128' } }] }
  const graph = clusterGraph(specOf({ runtime }), facts)
  const sent = [...graph.tasks.values()].filter(({ host }) => host === 'w1').flatMap(sentBy)
  expect(sent.find(({ path }) => path === '/etc/docker/daemon.json')?.text).toMatch(/^mode 600,/)
  expect(JSON.stringify(sent.map(({ text }) => text))).not.toContain('s3cret')
})

test('a CA lies in the folder of its registry', () => {
  expect(certificateFiles({ 'registry.example:5000': 'A\n' })).toEqual({ 'registry.example:5000/ca.crt': 'A\n' })
})
