import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { asideOf, checkScript, dataScript, type RestoredMember } from '../../src/index.ts'
import { PowerCut } from './cut-off.ts'
import { Sandbox } from './sandbox.ts'

const attempt = '0123456789abcdef'
const own: RestoredMember = { name: 'cp1', peerURL: 'https://192.0.2.11:2380', data: '/var/lib/etcd' }
const other: RestoredMember = { name: 'cp2', peerURL: 'https://192.0.2.12:2380', data: '/var/lib/etcd' }

let host: Sandbox
beforeEach(() => {
  host = new Sandbox()
})
afterEach(() => rmSync(host.root, { recursive: true, force: true }))

const at = (path: string) => join(host.root, path)
const put = (path: string, content: string) => {
  mkdirSync(dirname(at(path)), { recursive: true })
  writeFileSync(at(path), content)
}
const read = (path: string) => (existsSync(at(path)) ? readFileSync(at(path), 'utf8') : undefined)
// Like etcdutl it refuses a folder that exists already.
const etcdutl = `for word in "$@"; do [ "$before" = --data-dir ] && to=$word; before=$word; done
[ ! -e "$to" ] || { echo "data-dir is not empty" >&2; exit 1; }
mkdir -p "$to/member/wal" && echo restored >"$to/member/wal/0"
`
const script = () => dataScript(own, [own, other], attempt).replaceAll('/usr/local/bin/etcdutl', 'etcdutl')

test('the data of a member is what was restored, and the data before is beside it, wherever the power goes', async () => {
  const cut = new PowerCut(host, { etcdutl })
  for (let before = 1; before < 40; before++) {
    rmSync(at('/var/lib/etcd'), { recursive: true, force: true })
    put('/var/lib/etcd/member/wal/0', 'old')
    const { exitCode } = await cut.run(script(), before)
    const old = read('/var/lib/etcd/member/wal/0') === 'old' ? own.data : asideOf(own, attempt)
    expect([before, read(old === own.data ? `${old}/member/wal/0` : `${old}/wal/0`)]).toEqual([before, 'old'])
    const again = await cut.run(script())
    expect([before, again.exitCode, again.stderr]).toEqual([before, 0, ''])
    expect(read('/var/lib/etcd/member/wal/0')).toBe('restored\n')
    expect(read(`${asideOf(own, attempt)}/wal/0`)).toBe('old')
    if (exitCode === 0) return
  }
  throw new Error('The script never came to its end.')
})

test('a member without data gets it, too', async () => {
  const cut = new PowerCut(host, { etcdutl })
  mkdirSync(at('/var/lib/etcd'), { recursive: true })
  expect((await cut.run(script())).exitCode).toBe(0)
  expect(read('/var/lib/etcd/member/wal/0')).toBe('restored\n')
  expect(existsSync(at(asideOf(own, attempt)))).toBe(false)
})

test('a snapshot that is not what its manifest says, or has no room, is refused before anything is stopped', async () => {
  const cut = new PowerCut(host, { etcdutl: 'exit 0\n' })
  put('/var/lib/evcctl/etcd-restore/src/snapshot.db', 'all of etcd')
  await host.sh('tar -C /var/lib/evcctl/etcd-restore/src -czf /var/lib/evcctl/etcd-restore/snapshot.tar.gz snapshot.db')
  const { stdout } = await host.sh('sha256sum /var/lib/evcctl/etcd-restore/src/snapshot.db | cut -d " " -f 1')
  const sha256 = stdout.trim()
  const check = (source: { size: number; sha256: string }, before = '') =>
    cut.run(before + checkScript(source, own).replaceAll('/usr/local/bin/etcdutl', 'etcdutl'))
  expect(await check({ size: 11, sha256 })).toMatchObject({ exitCode: 0, stderr: '' })
  expect((await check({ size: 11, sha256: 'c'.repeat(64) })).stderr).toContain('is not what its manifest says')
  expect((await check({ size: 5, sha256 })).stderr).toContain('is not what its manifest says')
  const full = "df() { printf 'head\\n/dev/x 100 99 1024 99%% /\\n'; }\n"
  expect((await check({ size: 11, sha256 }, full)).stderr).toContain('has 1 MiB free, and 128 MiB are needed')
})
