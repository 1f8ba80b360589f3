import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type RegistryFiles, registryFiles } from '../../src/resources/runtime/registry-files.ts'
import { temporaryFolder } from '../kit/folder.ts'
import { compare, converge, probe } from '../kit/local-sh.ts'

const files: RegistryFiles = {
  'docker.io/hosts.toml': 'server = "https://registry-1.docker.io"\n',
  'registry.example:5000/hosts.toml': 'server = "https://registry.example:5000"\n',
  'registry.example:5000/ca.crt': '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n',
}

async function certs() {
  const folder = await temporaryFolder()
  return { path: join(folder.path, 'certs.d'), [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() }
}

test('each file goes into the folder of its registry, once', async () => {
  await using folder = await certs()
  const change = converge(registryFiles(folder.path, files))
  expect(change?.fields.map(({ field }) => field)).toEqual(Object.keys(files))
  expect(converge(registryFiles(folder.path, files))).toBeUndefined()
})

test('what is no longer wanted goes, a file of somebody else stays', async () => {
  await using folder = await certs()
  converge(registryFiles(folder.path, files))
  mkdirSync(join(folder.path, 'ghcr.io'))
  writeFileSync(join(folder.path, 'ghcr.io/hosts.toml'), 'server = "https://ghcr.io"\n')
  const change = converge(registryFiles(folder.path, {}))
  expect(change?.fields.map(({ field, after }) => [field, after])).toEqual(
    Object.keys(files)
      .sort((a, b) => b.slice(-4).localeCompare(a.slice(-4)) || a.localeCompare(b))
      .map(path => [path, undefined]),
  )
  expect(Object.keys(probe(registryFiles(folder.path, {}).probe))).toEqual(['ghcr.io/hosts.toml'])
})

test('a file of somebody else in the place of one of these is shown and replaced', async () => {
  await using folder = await certs()
  mkdirSync(join(folder.path, 'docker.io'), { recursive: true })
  writeFileSync(join(folder.path, 'docker.io/hosts.toml'), 'server = "https://proxy.example"\n')
  const resource = registryFiles(folder.path, { 'docker.io/hosts.toml': files['docker.io/hosts.toml']! })
  expect(compare(resource, probe(resource.probe))?.fields).toMatchObject([
    { field: 'docker.io/hosts.toml', before: 'server = "https://proxy.example"\n' },
  ])
  converge(resource)
})

test('no files, and no folder, are nothing to do', async () => {
  await using folder = await certs()
  expect(converge(registryFiles(folder.path, {}))).toBeUndefined()
})
