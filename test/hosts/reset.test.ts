import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { exitCodes } from '../../src/core/errors.ts'
import { serveFolder } from '../kit/http-server.ts'
import { failuresOf, startEvcctl } from '../kubernetes/kit/evcctl.ts'
import { type HostPicture, pictureOf, undocumented } from '../kubernetes/kit/host-picture.ts'
import { makeDummyMirror } from './kit/dummy-mirror.ts'
import { fileSystem, writtenPaths } from './kit/file-system.ts'
import { clusterOf, printed, stackTrace } from './kit/scene.ts'
import { useHosts } from './kit/use-hosts.ts'

const names = ['cp1', 'w1', 'e1'] as const
const roles = { cp1: ['control-plane'], w1: ['worker'], e1: ['etcd'] } as const
const on = useHosts({ hosts: names.map(name => ({ name, roles: roles[name] })) })

let file: string
const before = new Map<string, HostPicture>()

/** What a host has that it had not before, or has no more, but for what the documentation lists. */
const strange = async (name: string) => undocumented(before.get(name)!, await pictureOf(on.hosts, name))
const reset = (...args: string[]) => on.scene.run('reset', file, ...args)

beforeAll(async () => {
  const entries = names.map(name => ({ name, roles: roles[name] }))
  file = await on.scene.write('cluster.yaml', clusterOf(on.hosts, entries, { etcd: { topology: 'external' } }))
  for (const name of names) {
    await on.sh(name, 'echo pi >/etc/hostname; hostname pi; echo 40000 >/proc/sys/net/ipv4/ip_local_reserved_ports')
    // Otherwise sudo would ask for it in vain each time, as soon as the host has its former name.
    await on.sh(name, 'echo 127.0.1.1 pi >>/etc/hosts')
    await on.sh(name, 'mkdir -p /etc/containerd && echo mine >/etc/containerd/mine')
    before.set(name, await pictureOf(on.hosts, name))
  }
})

describe.sequential('a reset', () => {
  test('of hosts on which evcctl has never been has nothing to do, and writes nothing', async () => {
    const files = await Promise.all(names.map(name => fileSystem(on.hosts, name)))
    const outcome = await reset('--all', '--yes', 'cp1')
    expect([outcome.exitCode, outcome.stdout]).toEqual([exitCodes.ok, expect.stringContaining('No changes.')])
    const after = await Promise.all(names.map(name => fileSystem(on.hosts, name)))
    expect(names.map((_, index) => writtenPaths(files[index]!, after[index]!))).toEqual([[], [], []])
  })

  test('puts hosts back of which apply has made only a part, etcd of its own included', async () => {
    const mirror = await makeDummyMirror(join(on.scene.folder, 'mirror'))
    await using server = await serveFolder({ folder: mirror.folder, host: on.hosts.gateway })
    const entries = names.map(name => ({ name, roles: roles[name] }))
    const spec = { artifacts: { mirror: server.url, checksums: mirror.checksums }, etcd: { topology: 'external' } }
    file = await on.scene.write('cluster.yaml', clusterOf(on.hosts, entries, spec))
    // The mirror has no containerd, and its etcd does nothing, so nobody waits for it.
    const applying = startEvcctl(['apply', file, '--yes', '--output', 'json'], on.scene.env)
    await applying.event(event => event.type === 'task:start' && event.host === 'e1' && event.title === 'etcd member')
    applying.child.kill('SIGTERM')
    expect((await applying.ended).exitCode).toBe(exitCodes.cancelled)
    expect(await on.sh('w1', 'hostname')).toBe('w1')
    for (const name of names) expect((await strange(name)).length).toBeGreaterThan(10)
    const outcome = await reset('--all', '--yes', 'cp1', '--output', 'json')
    expect([outcome.exitCode, failuresOf(outcome), outcome.stderr]).toEqual([exitCodes.ok, [], ''])
    for (const name of names) expect([name, await strange(name)]).toEqual([name, []])
    expect((await reset('--all', '--dry-run')).stdout).toContain('No changes.')
  })

  test('names a host that does not answer, and resets the others', async () => {
    await on.sh('w1', 'mkdir -p /etc/evcctl')
    await on.sh('e1', 'mkdir -p /etc/evcctl')
    await on.sh('w1', 'systemctl stop ssh.service ssh.socket')
    const outcome = await reset('--all', '--yes', 'cp1')
    expect(outcome.exitCode).toBe(exitCodes.unreachable)
    expect(printed(outcome)).toMatch(/w1 could not be read/)
    expect(printed(outcome)).not.toMatch(stackTrace)
    expect(await strange('e1')).toEqual([])
    await on.sh('w1', 'systemctl start ssh.service')
    expect((await reset('--all', '--yes', 'cp1')).exitCode).toBe(exitCodes.ok)
    expect(await strange('w1')).toEqual([])
  })
})
