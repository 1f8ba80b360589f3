import { parse } from 'smol-toml'
import { expect, test } from 'vitest'
import { certificateFiles, renderCriOConfig, renderRegistries } from '../../roles/cri-o/config.ts'
import { clusterGraph, facts, specOf } from '../playbooks/given.ts'
import { pictureOf } from '../playbooks/picture.ts'

const sandboxImage = 'registry.k8s.io/pause:3.10.2'

test('a host gets programs, files and units in the order of the picture', async () => {
  const graph = clusterGraph(
    specOf({
      runtime: { name: 'cri-o', registryMirrors: { 'docker.io': ['http://192.0.2.5:5000'] } },
      images: { archives: [{ url: 'http://192.0.2.5/a.tar', sha256: 'a'.repeat(64) }] },
    }),
    facts,
  )
  const picture = pictureOf(graph, ({ host, role }) => host === 'w1' && ['cri-o', 'images'].includes(role))
  await expect(picture).toMatchFileSnapshot('../goldens/roles/cri-o.txt')
})

test('mirrors are registries.conf, over http without TLS', async () => {
  const text = renderRegistries({
    'docker.io': ['http://192.0.2.5:5000', 'https://mirror.example'],
    'registry.example:5000': ['https://mirror.example:8443'],
  })
  await expect(text).toMatchFileSnapshot('../goldens/roles/registries.conf')
})

test('a CA lies in the folder of its registry', () => {
  expect(certificateFiles({ 'registry.example:5000': 'A\n' })).toEqual({ 'registry.example:5000/ca.crt': 'A\n' })
})

test('patches are laid over crio.conf in order', () => {
  const text = renderCriOConfig({
    sandboxImage,
    hasLogins: false,
    patches: [
      { crio: { runtime: { runtimes: { crun: { runtime_path: '/opt/crun' } }, log_level: 'debug' } } },
      { crio: { runtime: { log_level: null } } },
    ],
  })
  const { crio } = parse(text) as { crio: { runtime: Record<string, unknown> } }
  expect(crio.runtime).toMatchObject({
    cgroup_manager: 'systemd',
    runtimes: { crun: { runtime_path: '/opt/crun', monitor_path: '/usr/local/libexec/crio/conmon' } },
  })
  expect(crio.runtime).not.toHaveProperty('log_level')
})
