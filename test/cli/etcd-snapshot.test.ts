import { createHash } from 'node:crypto'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { snapshotText } from '../../src/cli/actions/etcd-snapshot.ts'
import { prepareFolder, saveFile } from '../../src/cli/etcd/save-file.ts'
import { readTaken, takeSnapshot } from '../../src/cli/etcd/take-snapshot.ts'
import { UserError } from '../../src/core/index.ts'
import { createPool, type Pool } from '../../src/ssh/index.ts'
import { startServer, type TestServer } from '../ssh/server.ts'

const never = new AbortController().signal
const time = '20261129T083000Z'
const archive = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251))

let server: TestServer
let pool: Pool
let folder: string
beforeAll(async () => {
  server = await startServer()
  pool = createPool([server.target({ name: 'cp1' })], { sshConfigFile: '/nonexistent' })
})
afterAll(async () => {
  await pool[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evcctl-snapshot-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const at = () => ({ script: join(folder, 'script'), folder })
const said = (more: Readonly<Record<string, string>> = {}) => {
  const path = join(folder, `${time}.tar.gz`)
  const lines = {
    snapshot: path,
    time,
    revision: '42',
    keys: '7',
    hash: 'deadbeef',
    bytes: String(archive.length),
    ...more,
  }
  return Object.entries(lines).map(([name, value]) => `${name}=${value}`)
}
function script(text: string): void {
  writeFileSync(at().script, `#!/bin/sh\n${text}\n`)
  chmodSync(at().script, 0o700)
}
const take = async () => takeSnapshot(await pool.session('cp1', never), never, at())

describe('a snapshot', () => {
  test('is what the script of the host says that it has made', async () => {
    script(
      said({ warning: 'a file is missing' })
        .map(line => `echo '${line}'`)
        .join('\n'),
    )
    const taken = await take()
    expect(taken).toMatchObject({
      host: 'cp1',
      revision: 42,
      keys: 7,
      hash: 'deadbeef',
      warnings: ['a file is missing'],
    })
    expect(snapshotText(taken, '/x/a.tar.gz')).toContain('293.0 KiB, 7 keys at revision 42, hash deadbeef; read back')
    expect(snapshotText(taken, '/x/a.tar.gz')).toContain('private keys')
    expect(snapshotText(taken, undefined)).not.toContain('private keys')
  })

  test('is refused with the words of the host, or with what to do where it has no script', async () => {
    await expect(take()).rejects.toThrow(/there is no script for it on this host[\s\S]*evcctl apply/)
    script('echo "No snapshot was taken: there is nothing in it" >&2; exit 1')
    await expect(take()).rejects.toThrow('there is nothing in it')
  })

  test.each([
    ['a path elsewhere', { snapshot: '/etc/shadow' }],
    ['a path that goes elsewhere', { time: '../../20261129T083000Z' }],
    ['no number', { revision: '1e3' }],
    ['a hash that is none', { hash: '\u001b[2J' }],
  ])('is none where a host says %s', (_, wrong) => {
    expect(() => readTaken('cp1', said(wrong), folder)).toThrow('did not say what it has made')
  })
})

describe('a copy of it on this machine', () => {
  const from = (bytes = archive.length) => ({ host: 'cp1', path: join(folder, 'on-the-host'), bytes })
  const to = () => join(folder, 'copy.tar.gz')
  beforeEach(() => writeFileSync(from().path, archive))
  const left = () => readdirSync(folder).filter(name => name !== 'on-the-host')

  test('is the same, and for its owner alone', async () => {
    const sha256 = await saveFile(pool, from(), to(), never)
    expect(readFileSync(to()).equals(archive)).toBe(true)
    expect(statSync(to()).mode & 0o777).toBe(0o600)
    expect(sha256).toBe(createHash('sha256').update(archive).digest('hex'))
    expect(left()).toEqual(['copy.tar.gz'])
  })

  test.each([
    ['more than the host has said', 1000, 'more'],
    ['less than that', archive.length + 1, `${archive.length} bytes`],
    ['more than any snapshot has', 2 ** 40, 'by its own word'],
  ])('is none where %s arrives', async (_, bytes, words) => {
    await expect(saveFile(pool, from(bytes), to(), never)).rejects.toThrow(words)
    expect(left()).toEqual([])
  })

  test('replaces nothing', async () => {
    writeFileSync(to(), 'mine')
    await expect(saveFile(pool, from(), to(), never)).rejects.toThrow(
      /There is such a file already[\s\S]*The snapshot itself is on cp1: .*on-the-host/,
    )
    expect([left(), readFileSync(to(), 'utf8')]).toEqual([['copy.tar.gz'], 'mine'])
  })

  test('is not begun where its folder cannot be one', async () => {
    writeFileSync(to(), 'mine')
    await expect(prepareFolder(to())).rejects.toThrow(UserError)
    await expect(prepareFolder(join(to(), 'below'))).rejects.toThrow('Nothing can be saved')
    await prepareFolder(join(folder, 'new', 'one'))
    expect(statSync(join(folder, 'new', 'one')).mode & 0o777).toBe(0o700)
  })
})
