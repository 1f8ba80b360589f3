import { parse } from 'smol-toml'
import { expect, test } from 'vitest'
import { renderContainerdConfig } from '../../roles/containerd/config.ts'
import { hostsFiles } from '../../roles/containerd/hosts.ts'

const sandboxImage = 'registry.k8s.io/pause:3.10.2'

test('containerd gets the config.toml of the golden', async () => {
  const text = renderContainerdConfig({ sandboxImage, logins: {}, patches: [] })
  await expect(text).toMatchFileSnapshot('../goldens/roles/containerd.toml')
})

test('patches are laid over it in order; lists are replaced, null takes a key away', () => {
  const text = renderContainerdConfig({
    sandboxImage,
    logins: {},
    patches: [
      { plugins: { 'io.containerd.cri.v1.runtime': { restrict_oom_score_adj: true, cdi_spec_dirs: ['/a', '/b'] } } },
      { imports: ['/opt/x.toml'], plugins: { 'io.containerd.cri.v1.runtime': { cdi_spec_dirs: ['/c'] } } },
      { plugins: { 'io.containerd.cri.v1.images': { max_concurrent_downloads: null } } },
    ],
  })
  const config = parse(text) as Record<string, Record<string, Record<string, unknown>>>
  expect(config.imports).toEqual(['/opt/x.toml'])
  expect(config.plugins?.['io.containerd.cri.v1.runtime']).toMatchObject({
    restrict_oom_score_adj: true,
    cdi_spec_dirs: ['/c'],
    containerd: { runtimes: { runc: { options: { SystemdCgroup: true } } } },
  })
  expect(config.plugins?.['io.containerd.cri.v1.images']).not.toHaveProperty('max_concurrent_downloads')
})

test('mirrors and CAs of registries become a hosts.toml each', async () => {
  const files = hostsFiles({
    mirrors: {
      'docker.io': ['http://192.0.2.5:5000'],
      'registry.k8s.io': ['https://mirror.example', 'https://mirror.example:8443/v2/k8s'],
      _default: ['https://mirror.example:443'],
    },
    authorities: { 'mirror.example': 'A\n', 'mirror.example:8443': 'B\n', 'registry.example:5000': 'C\n' },
  })
  const text = Object.entries(files).map(([path, content]) => `==> ${path} <==\n${content}`)
  await expect(text.join('\n')).toMatchFileSnapshot('../goldens/roles/hosts.toml')
})
