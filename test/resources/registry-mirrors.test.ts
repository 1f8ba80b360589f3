import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { registryMirrors } from '../../src/resources/registry-mirrors.ts'
import { sh } from '../kit/local-sh.ts'

/** Looks at a certs.d folder with these hosts.toml files, for these mirrors. */
function look(files: Readonly<Record<string, string>>, mirrors: Readonly<Record<string, readonly string[]>>) {
  const folder = mkdtempSync(join(tmpdir(), 'evcctl-certs-'))
  for (const [host, content] of Object.entries(files)) {
    mkdirSync(join(folder, host), { recursive: true })
    writeFileSync(join(folder, host, 'hosts.toml'), content)
  }
  const resource = registryMirrors(mirrors)
  const current = resource.probe.parse(sh(resource.probe.script.replaceAll('/etc/containerd/certs.d', folder)))
  return { resource, current, change: resource.diff(current, resource.desired as never, { watched: [] }) }
}

const mirrors = {
  'docker.io': ['http://192.0.2.5:5000'],
  'registry.k8s.io': ['https://a.example', 'https://b.example'],
}
const files = Object.fromEntries(
  registryMirrors(mirrors)
    .converge({}, { files: {} })
    .flatMap(step => ('write' in step ? [[step.write.split('/').at(-2), step.content]] : [])),
)

test('each registry gets a hosts.toml', async () => {
  await expect(Object.values(files).join('--- next file\n')).toMatchFileSnapshot('../goldens/resources/hosts.toml')
  expect(look({}, mirrors).change?.fields.map(({ field }) => field)).toEqual(['docker.io', 'registry.k8s.io'])
  expect(look(files, mirrors).change).toBeUndefined()
})

test('a mirror that is no longer wanted goes, a file of somebody else stays', () => {
  const own = { 'ghcr.io': 'server = "https://ghcr.io"\n' }
  const { resource, current, change } = look({ ...files, ...own }, {})
  expect(change?.fields.map(({ field, after }) => [field, after])).toEqual([
    ['docker.io', undefined],
    ['registry.k8s.io', undefined],
  ])
  expect(JSON.stringify(resource.converge(current, resource.desired as never))).not.toContain('ghcr.io')
})

test('no mirrors and no files are nothing to do', () => {
  expect(look({}, {}).change).toBeUndefined()
})
