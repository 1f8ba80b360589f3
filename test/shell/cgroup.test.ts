import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { cgroupFunction } from '../../src/shell/cgroup.ts'
import { sh } from '../kit/local-sh.ts'

const root = mkdtempSync(join(tmpdir(), 'evcctl-cgroup-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const wanted = 'pod0[_-]1[^0-9a-f]'

/** Whether a process with these lines in /proc/PID/cgroup counts as one of the pod, of cgroups that are there or not. */
async function isIn(lines: readonly string[], folders: readonly string[], owner = process.getuid!()): Promise<boolean> {
  rmSync(root, { recursive: true, force: true })
  mkdirSync(join(root, 'proc'), { recursive: true })
  writeFileSync(join(root, 'proc/cgroup'), lines.map(line => `${line}\n`).join(''))
  for (const folder of folders) {
    mkdirSync(join(root, 'sys', folder), { recursive: true })
    chownSync(join(root, 'sys', folder), owner, -1)
  }
  const script = `${cgroupFunction.replaceAll('/sys/fs/cgroup', join(root, 'sys'))}in_cgroup ${root}/proc '${wanted}'`
  return (await sh(script)).exitCode === 0
}

test('a process is in a cgroup of version 2, of version 1, or of both', async () => {
  const path = '/kubepods.slice/kubepods-pod0_1.slice/cri-containerd-1.scope'
  expect(await isIn([`0::${path}`], [path])).toBe(true)
  expect(await isIn([`0::${path}`], [`unified${path}`])).toBe(true)
  expect(await isIn([`4:memory:${path}`, '0::/'], [`memory${path}`])).toBe(true)
  expect(await isIn([`9:name=systemd:${path}`], [`systemd${path}`])).toBe(true)
})

test('a process of another pod, of no pod, or that ended, is not', async () => {
  expect(await isIn(['0::/kubepods/pod0-11/1'], ['kubepods/pod0-11/1'])).toBe(false)
  expect(await isIn(['0::/system.slice/ssh.service'], ['system.slice/ssh.service'])).toBe(false)
  expect(await isIn([], [])).toBe(false)
  expect(await isIn(['0::/kubepods/pod0-1/1'], [])).toBe(false)
})

test.runIf(process.getuid!() === 0 || process.env.CI)(
  'a cgroup that a user made in the part that systemd gives him is none',
  async () => {
    const path = '/user.slice/user-1000.slice/user@1000.service/app.slice/pod0-1.service'
    expect(await isIn([`0::${path}`], [path])).toBe(true)
    expect(await isIn([`0::${path}`], [path], 1000)).toBe(false)
    expect(await isIn([`1:name=systemd:${path}`, '0::/user.slice'], [`systemd${path}`], 1000)).toBe(false)
  },
)
