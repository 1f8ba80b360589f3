import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { publishedLock, publishedManifest, stagePackage } from '../scripts/package.ts'
import { temporaryFolder } from './cli/run-cli.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string) => JSON.parse(readFileSync(join(root, path), 'utf8'))
const manifest = read('package.json')
const lock = read('package-lock.json')
type Entry = { readonly dependencies?: object; readonly integrity?: string; readonly [key: string]: unknown }

describe('the package', () => {
  const published = publishedManifest(manifest)
  const { packages } = publishedLock(lock, published) as { readonly packages: Record<string, Entry> }

  test('has all that its dependencies need, each under a checksum, and nothing else', () => {
    const reached = new Set<string>()
    const visit = (at: string, names: readonly string[]): void => {
      for (const name of names) {
        const path = found(at, name)
        expect(path, `${name} of ${at || 'evcctl'}`).toBeDefined()
        if (path === undefined || reached.has(path)) continue
        reached.add(path)
        const { integrity, dependencies = {}, optionalDependencies = {} } = packages[path]!
        expect(integrity).toMatch(/^sha512-/)
        visit(path, Object.keys({ ...dependencies, ...(optionalDependencies as object) }))
      }
    }
    visit('', Object.keys(manifest.dependencies))
    expect(Object.keys(packages).filter(path => path !== '' && !reached.has(path))).toEqual([])
    expect(packages).not.toHaveProperty('node_modules/testcontainers')
  })

  // As Node looks for it: beside, then further and further up.
  const found = (at: string, name: string): string | undefined => {
    for (let folder = at; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules')))) {
      const path = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`
      if (packages[path] !== undefined) return path
      if (folder === '' || !folder.includes('node_modules')) return undefined
    }
  }

  test('carries its dependencies, and has no scripts', () => {
    expect(published).not.toHaveProperty('scripts')
    expect(published).not.toHaveProperty('devDependencies')
    expect(published).not.toHaveProperty('private')
    expect(published.bundleDependencies).toEqual(Object.keys(manifest.dependencies))
  })

  test('is made of what was built', async () => {
    await using folder = await temporaryFolder()
    const [from, to] = [join(folder.path, 'from'), join(folder.path, 'to')]
    for (const path of ['dist/a.js', 'src/a.ts', 'bin/run.js', 'bin/dev.js', 'LICENSE', 'README.md', '.npmrc']) {
      mkdirSync(dirname(join(from, path)), { recursive: true })
      writeFileSync(join(from, path), '')
    }
    for (const path of ['package.json', 'package-lock.json']) cpSync(join(root, path), join(from, path))
    stagePackage(from, to)
    expect((readdirSync(to, { recursive: true }) as string[]).sort()).toEqual(
      ['LICENSE', 'README.md', 'bin', 'bin/run.js', 'dist', 'dist/a.js', 'package-lock.json', 'package.json'].sort(),
    )
  })

  test.each([
    ['without a checksum', { version: '1.0.0' }],
    ['from a folder of this machine', { resolved: '../x', link: true }],
  ])('is refused with a dependency %s', (_, entry) => {
    const wrong = { ...lock, packages: { ...lock.packages, 'node_modules/x': entry } }
    expect(() => publishedLock(wrong, published)).toThrow('no checksum of node_modules/x')
  })
})

test('everything that is installed for building and testing has a checksum, Node itself included', () => {
  const entries = Object.entries(lock.packages as Record<string, Entry>)
  const unchecked = entries.filter(
    ([path, { integrity }]) => path.startsWith('node_modules/') && integrity === undefined,
  )
  expect(unchecked).toEqual([['node_modules/evcctl-node', { resolved: 'scripts/node', link: true }]])
  const { optionalDependencies } = read('scripts/node/package.json')
  for (const [name, version] of Object.entries(optionalDependencies))
    expect(lock.packages[`node_modules/${name}`]).toMatchObject({
      version,
      integrity: expect.stringMatching(/^sha512-/),
    })
  expect(readFileSync(join(root, '.npmrc'), 'utf8')).toMatch(/^ignore-scripts=true$/m)
})

test('evcctl needs nothing but its dependencies; `local` says what to install besides', async () => {
  await using folder = await temporaryFolder()
  for (const part of ['bin', 'src', 'roles', 'distributions', 'playbooks', 'package.json'])
    cpSync(join(root, part), join(folder.path, part), { recursive: true })
  for (const name of Object.keys(manifest.dependencies)) {
    mkdirSync(dirname(join(folder.path, 'node_modules', name)), { recursive: true })
    symlinkSync(join(root, 'node_modules', name), join(folder.path, 'node_modules', name))
  }
  const evcctl = (...args: readonly string[]) =>
    spawnSync(process.execPath, [join(folder.path, 'bin/dev.js'), ...args], { cwd: folder.path, encoding: 'utf8' })
  const init = evcctl('init')
  expect([init.stderr, init.status]).toEqual(['', 0])
  expect(evcctl('validate').status).toBe(0)
  const { stderr, status } = evcctl('local', 'up')
  expect(stderr).toContain('npm install -g testcontainers@12')
  expect(stderr).not.toMatch(/\n\s+at |made a mistake/)
  expect(status).toBe(1)
  expect(manifest.peerDependencies.testcontainers).toMatch(/^\^12\./)
  expect(manifest.peerDependenciesMeta.testcontainers).toEqual({ optional: true })
})
