import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ssh2 from 'ssh2'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createKeyPair, createState, removeState, stateFolder } from '../../src/local/state-folder.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evcctl-state-'))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true, force: true })
})

test('the default folder follows XDG_STATE_HOME', () => {
  vi.stubEnv('XDG_STATE_HOME', '/state')
  expect(stateFolder('dev').folder).toBe('/state/evcctl/local/dev')
  vi.stubEnv('XDG_STATE_HOME', '')
  vi.stubEnv('HOME', '/home/me')
  expect(stateFolder('dev').folder).toBe('/home/me/.local/state/evcctl/local/dev')
})

test('a key that only its owner reads, and that OpenSSH takes', async () => {
  const state = stateFolder('dev', join(folder, 'own'))
  const publicKey = await createState(state, 'dev')
  expect((await stat(state.folder)).mode & 0o777).toBe(0o700)
  expect((await stat(state.identityFile)).mode & 0o777).toBe(0o600)
  const derived = execFileSync('ssh-keygen', ['-y', '-f', state.identityFile], { encoding: 'utf8' })
  expect(derived.split(' ').slice(0, 2)).toEqual(publicKey?.split(' ').slice(0, 2))
})

test('of several that make the key of one cluster, one does, and its key stays', async () => {
  const state = stateFolder('dev', join(folder, 'own'))
  const keys = await Promise.all([createState(state, 'dev'), createState(state, 'dev'), createState(state, 'dev')])
  const [made, ...others] = keys.filter(key => key !== undefined)
  expect(others).toEqual([])
  expect(await readFile(state.publicKeyFile, 'utf8')).toBe(`${made}\n`)
})

test('removes its own files, and a folder of the caller only when nothing else is in it', async () => {
  const state = stateFolder('dev', join(folder, 'own'))
  await createState(state, 'dev')
  await writeFile(join(state.folder, 'mine'), '')
  await removeState(state, 'dev')
  expect(await readdir(state.folder)).toEqual(['mine'])
  await rm(join(state.folder, 'mine'))
  await removeState(state, 'dev')
  expect(await readdir(folder)).toEqual([])
})

test('every key can be read, also those whose public half begins with a zero', () => {
  const pairs = Array.from({ length: 1000 }, () => createKeyPair('dev'))
  expect(pairs.filter(pair => ssh2.utils.parseKey(pair.private) instanceof Error)).toEqual([])
})
