import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { mountsScript, parseUnmounted } from '../../src/facts/etcd-mounts.ts'
import { sh } from '../kit/local-sh.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'evcctl-mounts-'))
  for (const folder of ['etc/systemd/system', 'usr/lib/systemd/system', 'proc']) {
    mkdirSync(join(root, folder), { recursive: true })
  }
  writeFileSync(join(root, 'proc/mounts'), '/dev/sda1 / ext4 rw 0 0\n/dev/sdc1 /var/lib/etcd-old xfs rw 0 0\n')
})
afterEach(() => rmSync(root, { recursive: true }))

const write = (path: string, text: string) => writeFileSync(join(root, path), text)
function look(): readonly string[] {
  const { stdout, stderr } = sh(
    mountsScript.replaceAll(/(?<= )\/(?=etc|usr|proc)/g, `${root}/`).replace('</etc', `<${root}/etc`),
  )
  expect(stderr).toBe('')
  return parseUnmounted(stdout.split('\n'))
}

test.each([
  ['nothing at all', '', []],
  [
    'only other places',
    '# UUID=1 /var/lib/etcd xfs defaults 0 2\nUUID=2 / ext4 defaults 0 1\nUUID=3 none swap sw 0 0\n',
    [],
  ],
  ['a disk of its own', 'UUID=1\t/var/lib/etcd/\txfs\tdefaults,nofail 0 2', ['/var/lib/etcd']],
  [
    'what it is part of, and its log',
    'UUID=1 /var ext4 defaults 0 2\n/dev/b /var/lib/etcd/member/wal xfs nofail 0 2\n',
    ['/var', '/var/lib/etcd/member/wal'],
  ],
])('what fstab names for the data of etcd and is not mounted is told: %s', (_what, fstab, expected) => {
  write('etc/fstab', fstab)
  expect(look()).toEqual(expected)
})

test('a mounted place is not reported, and a last line without a newline counts, too', () => {
  write('etc/fstab', 'UUID=1 /var/lib/etcd xfs defaults 0 2')
  expect(look()).toEqual(['/var/lib/etcd'])
  write('proc/mounts', '/dev/sdb1 /var/lib/etcd xfs rw 0 0\n')
  expect(look()).toEqual([])
})

test('a mount unit counts like fstab, unless it is masked', () => {
  write('etc/systemd/system/var-lib-etcd.mount', '[Mount]\nWhat=/dev/b\nWhere=/var/lib/etcd\n')
  expect(look()).toEqual(['/var/lib/etcd'])
  rmSync(join(root, 'etc/systemd/system/var-lib-etcd.mount'))
  symlinkSync('/dev/null', join(root, 'etc/systemd/system/var-lib-etcd.mount'))
  expect(look()).toEqual([])
})

test('other places that a host prints are ignored', () => {
  expect(parseUnmounted(['unmounted /home', 'unmounted /var/lib/etcd; reboot', 'unmounted /var'])).toEqual(['/var'])
})
