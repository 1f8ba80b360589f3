import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { PendingLock } from '../../src/cli/run/pending-lock.ts'
import { type ClusterLock, lockText, parseLock, withLocked } from '../../src/config/index.ts'
import { temporaryFolder } from './run-cli.ts'

const [a, b] = ['a'.repeat(64), 'b'.repeat(64)]
const found: ClusterLock = {
  artifacts: { kubelet: { '1.38.0': { from: 'dl.k8s.io', amd64: a, arm64: b } } },
  kubeadm: { '1.38.0': { etcd: '3.7.1-0', coredns: 'v1.15.0', pause: '3.11' } },
}
const other: ClusterLock = { artifacts: { runc: { '1.5.0': { from: 'github.com', amd64: a } } }, kubeadm: {} }

const read = (path: string) => parseLock(readFileSync(path, 'utf8'), path)

test('a plan tells what was looked up where, and what becomes of it', () => {
  expect(new PendingLock('/site/cluster.yaml', found).notes()).toEqual([
    'Not in the catalog, looked up at dl.k8s.io: kubelet 1.38.0 (sha256 of amd64 aaaaaaaaaaaa…, arm64 bbbbbbbbbbbb…). apply records this in cluster.lock.yaml.',
    'kubeadm 1.38.0 was run on this machine to list its images: etcd 3.7.1-0, coredns v1.15.0, pause 3.11. apply records this in cluster.lock.yaml.',
  ])
})

test('it is recorded in a new file, and beside what the file has; twice is as once', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'cluster.lock.yaml')
  await new PendingLock(path.replace('.lock', ''), other).record()
  const lock = new PendingLock(path.replace('.lock', ''), found)
  await lock.record()
  const text = readFileSync(path, 'utf8')
  expect(read(path)).toEqual(withLocked(other, found))
  await lock.record()
  expect(readFileSync(path, 'utf8')).toBe(text)
  expect(readdirSync(folder.path)).toEqual(['cluster.lock.yaml'])
  expect(lock.summary).toBe('Recorded in cluster.lock.yaml: kubelet 1.38.0, images of kubeadm 1.38.0.')
})

test('a file that has got another sha256 meanwhile is refused and stays as it is', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'cluster.lock.yaml')
  const text = lockText(found).replace(b, 'c'.repeat(64))
  writeFileSync(path, text)
  await expect(new PendingLock(path.replace('.lock', ''), found).record()).rejects.toThrow(
    new RegExp(
      `another sha256 of kubelet 1\\.38\\.0 \\(arm64\\)[\\s\\S]*expected {2}${'c'.repeat(64)}[\\s\\S]*actual {4}${b}`,
    ),
  )
  expect(readFileSync(path, 'utf8')).toBe(text)
})

test('a link stays a link, and a folder in its place is told', async () => {
  await using folder = await temporaryFolder()
  const [path, target] = [join(folder.path, 'cluster.lock.yaml'), join(folder.path, 'kept.yaml')]
  writeFileSync(target, lockText(other))
  symlinkSync(target, path)
  await new PendingLock(path.replace('.lock', ''), found).record()
  expect(lstatSync(path).isSymbolicLink()).toBe(true)
  expect(read(target)).toEqual(withLocked(other, found))
  const inTheWay = join(folder.path, 'lab.lock.yaml')
  mkdirSync(inTheWay)
  await expect(new PendingLock(join(folder.path, 'lab.yaml'), found).record()).rejects.toThrow(
    /It is a folder, not a file/,
  )
})

test('a folder that cannot be written to is told, before anything is written to a host', async () => {
  const path = '/proc/cluster.lock.yaml'
  await expect(new PendingLock(path.replace('.lock', ''), found).record()).rejects.toThrow(
    /The lock file cannot be written \(\w+\)\. Nothing was written/,
  )
})

test('runs that record at once drop nothing of each other', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'cluster.lock.yaml')
  const all = Array.from({ length: 8 }, (_, patch): ClusterLock => {
    const version = `1.38.${patch}`
    return { artifacts: { kubelet: { [version]: { from: 'dl.k8s.io', amd64: a, arm64: b } } }, kubeadm: {} }
  })
  await Promise.all(all.map(one => new PendingLock(path.replace('.lock', ''), one).record()))
  expect(Object.keys(read(path).artifacts.kubelet ?? {})).toHaveLength(8)
  expect(readdirSync(folder.path)).toEqual(['cluster.lock.yaml'])
  expect(statSync(path).mode & 0o777).toBe(0o644)
})

test('a run that records waits for another one that does, and keeps what that one adds', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'cluster.lock.yaml')
  writeFileSync(`${path}.lock`, '')
  const recorded = new PendingLock(path.replace('.lock', ''), found).record()
  await new Promise(done => setTimeout(done, 100))
  writeFileSync(path, lockText(other))
  rmSync(`${path}.lock`)
  await recorded
  expect(read(path)).toEqual(withLocked(other, found))
})

test("what a killed run has left beside the file is in nobody's way", async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'cluster.lock.yaml')
  writeFileSync(`${path}.${process.pid}.new`, 'half of')
  writeFileSync(`${path}.lock`, '')
  const before = new Date(Date.now() - 60_000)
  utimesSync(`${path}.lock`, before, before)
  await new PendingLock(path.replace('.lock', ''), found).record()
  expect(read(path)).toEqual(found)
  expect(readdirSync(folder.path)).not.toContain('cluster.lock.yaml.lock')
})
