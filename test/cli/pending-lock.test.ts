import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
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
  new PendingLock(path.replace('.lock', ''), other).record()
  const lock = new PendingLock(path.replace('.lock', ''), found)
  lock.record()
  const text = readFileSync(path, 'utf8')
  expect(read(path)).toEqual(withLocked(other, found))
  lock.record()
  expect(readFileSync(path, 'utf8')).toBe(text)
  expect(readdirSync(folder.path)).toEqual(['cluster.lock.yaml'])
  expect(lock.summary).toBe('Recorded in cluster.lock.yaml: kubelet 1.38.0, images of kubeadm 1.38.0.')
})

test('a file that has got another sha256 meanwhile is refused and stays as it is', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'cluster.lock.yaml')
  const text = lockText(found).replace(b, 'c'.repeat(64))
  writeFileSync(path, text)
  expect(() => new PendingLock(path.replace('.lock', ''), found).record()).toThrow(
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
  new PendingLock(path.replace('.lock', ''), found).record()
  expect(lstatSync(path).isSymbolicLink()).toBe(true)
  expect(read(target)).toEqual(withLocked(other, found))
  const inTheWay = join(folder.path, 'lab.lock.yaml')
  mkdirSync(inTheWay)
  expect(() => new PendingLock(join(folder.path, 'lab.yaml'), found).record()).toThrow(/It is a folder, not a file/)
})

test('a folder that cannot be written to is told, before anything is written to a host', async () => {
  const path = '/proc/cluster.lock.yaml'
  expect(() => new PendingLock(path.replace('.lock', ''), found).record()).toThrow(
    /The lock file cannot be written \(\w+\)\. Nothing was written/,
  )
})
