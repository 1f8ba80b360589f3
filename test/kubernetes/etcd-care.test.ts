import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { shOn } from '../hosts/kit/use-hosts.ts'
import { handbook } from '../kit/handbook.ts'
import { startCluster, type TestCluster } from './kit/cluster.ts'
import { evcctl, failuresOf, type Outcome, startEvcctl } from './kit/evcctl.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startCluster({ hosts: '1+1', image: 'trixie' })
})
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
})

const run = (...args: string[]): Promise<Outcome> => evcctl(args, cluster.env)
const file = () => ({ 'cluster.yaml': cluster.file })
const json = ({ stdout }: Outcome) => JSON.parse(stdout.trim().split('\n').at(-1)!)
const snapshots = async () =>
  (await shOn(cluster.hosts, 'cp1', 'ls /var/backups/evcctl/etcd'))
    .trim()
    .split('\n')
    .filter(name => name !== '')

/** The file on the host of the snapshot that is restored. */
let taken: { readonly path: string; readonly host: string; readonly revision: number }
const configMaps = async () => (await cluster.kubectl('get', 'configmaps', '-o', 'name')).trim().split('\n')

describe.sequential('the etcd of a cluster', () => {
  test('is shown as healthy, with its tools on the host and snapshots on a schedule', async () => {
    const outcome = await run('apply', cluster.file, '--yes', '--output', 'json')
    expect([outcome.exitCode, failuresOf(outcome), outcome.stderr]).toEqual([0, [], ''])
    const words = handbook('restore', 'evcctl etcd status cluster.yaml', file())
    const status = await run(...words, '--output', 'json')
    expect([status.exitCode, status.stderr]).toEqual([0, ''])
    expect(json(status)).toMatchObject({
      ok: true,
      total: 1,
      healthy: 1,
      members: [{ name: 'cp1', host: 'cp1', leader: true, version: '3.6.8' }],
    })
    expect(await shOn(cluster.hosts, 'cp1', 'systemctl is-active evcctl-etcd-snapshot.timer')).toBe('active')
    expect((await run('plan', cluster.file, '--exit-code')).stdout).toContain('No changes.')
  })

  test('gives a snapshot with keys that is read back, and a copy of it', async () => {
    const folder = join(cluster.folder, 'saved')
    const words = handbook('restore', 'evcctl etcd snapshot cluster.yaml --save backups', {
      ...file(),
      backups: folder,
    })
    const outcome = await run(...words, '--output', 'json')
    expect([outcome.exitCode, outcome.stderr]).toEqual([0, ''])
    const taken = json(outcome)
    expect(taken.keys).toBeGreaterThan(100)
    const [name = ''] = await readdir(folder)
    expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600)
    const remote = await shOn(cluster.hosts, 'cp1', `sha256sum ${taken.path}; tar -tzf ${taken.path}`)
    expect(remote).toContain(taken.sha256)
    expect(remote).toContain('etc/kubernetes/pki/ca.key')
  })

  test('takes one when its timer fires', async () => {
    const before = await snapshots()
    await shOn(cluster.hosts, 'cp1', 'systemctl start evcctl-etcd-snapshot.service')
    expect((await snapshots()).length).toBe(before.length + 1)
  })

  test('gives unused space back to the disk, once', async () => {
    // Some MiB of values that are overwritten and compacted away leave pages that nothing uses.
    const certificates =
      '--cacert /etc/kubernetes/pki/etcd/ca.crt --cert /etc/kubernetes/pki/etcd/server.crt --key /etc/kubernetes/pki/etcd/server.key'
    await shOn(
      cluster.hosts,
      'cp1',
      `ctl() { etcdctl ${certificates} "$@"; }
for at in $(seq 40); do head -c 400000 /dev/zero | tr '\\0' x | ctl put /test/$at >/dev/null; done
ctl del --prefix /test/ >/dev/null
revision=$(ctl endpoint status -w json | sed -n 's/.*"revision":\\([0-9]*\\).*/\\1/p')
ctl compact "$revision" --physical`,
    )
    // etcd frees the pages of what was compacted some moments later.
    await vi.waitFor(
      async () => {
        const [member] = json(await run('etcd', 'status', cluster.file, '--output', 'json')).members
        expect(member.inUse * 2).toBeLessThan(member.size)
      },
      { timeout: 60_000, interval: 2000 },
    )
    const size = async () => json(await run('etcd', 'status', cluster.file, '--output', 'json')).members[0].size
    const before = await size()
    const shown = await run('etcd', 'defrag', cluster.file, '--dry-run')
    expect(shown.stdout).toContain('defragment etcd')
    expect(await size()).toBeGreaterThanOrEqual(before)
    const done = await run('etcd', 'defrag', cluster.file, '--yes')
    expect([done.exitCode, done.stderr]).toEqual([0, ''])
    expect(await size()).toBeLessThan(before - 10_000_000)
    expect((await run('etcd', 'defrag', cluster.file, '--yes')).stdout).toContain('No changes.')
  })

  test('is restored from a snapshot after all of its data is gone', async () => {
    await cluster.kubectl('create', 'configmap', 'before')
    await cluster.kubectl('create', 'deployment', 'kept', '--image=registry.k8s.io/pause:3.10.2', '--replicas=2')
    taken = json(await run('etcd', 'snapshot', cluster.file, '--output', 'json'))
    await cluster.kubectl('create', 'configmap', 'after')
    await cluster.kubectl('delete', 'deployment', 'kept')
    await cluster.kubectl('create', 'deployment', 'later', '--image=registry.k8s.io/pause:3.10.2', '--replicas=2')
    const names = { ...file(), 'backups/SNAPSHOT': `cp1:${taken.path}` }
    const shown = await run(
      ...handbook('restore', 'evcctl etcd restore cluster.yaml --from backups/SNAPSHOT --dry-run', names),
    )
    expect([shown.exitCode, shown.stderr]).toEqual([0, ''])
    expect(shown.stdout).toContain(`revision ${taken.revision} of `)
    expect(shown.stdout).toContain('what was written since is lost')
    expect(await configMaps()).toContain('configmap/after')
    await shOn(
      cluster.hosts,
      'cp1',
      'systemctl stop kubelet; pkill -x etcd; sleep 2; rm -rf /var/lib/etcd/member; systemctl start kubelet',
    )
    const done = await run(
      ...handbook('restore', 'evcctl etcd restore cluster.yaml --from backups/SNAPSHOT --yes', names),
    )
    expect([done.exitCode, done.stderr, done.stdout]).toEqual([0, '', expect.stringContaining('0 failed')])
    const left = await configMaps()
    expect(left).toContain('configmap/before')
    expect(left).not.toContain('configmap/after')
  })

  test('then has controllers that see what was restored, a Service that answers, and nothing to apply', async () => {
    await cluster.kubectl('rollout', 'status', 'deployment/kept', '--timeout=120s')
    expect(await cluster.kubectl('get', 'deployments', '-o', 'name')).toBe('deployment.apps/kept\n')
    await cluster.kubectl('create', 'configmap', 'later')
    const revision = async () => json(await run('etcd', 'status', cluster.file, '--output', 'json'))
    expect(await revision()).toMatchObject({ ok: true })
    const check = await run('network', 'check', cluster.file)
    expect([check.exitCode, check.stderr]).toEqual([0, ''])
    expect((await run('plan', cluster.file, '--exit-code')).stdout).toContain('No changes.')
  })

  test('is restored once more where the restore was killed at its worst moment, and not changed by apply meanwhile', async () => {
    const from = `cp1:${taken.path}`
    const killed = startEvcctl(
      ['etcd', 'restore', cluster.file, '--from', from, '--yes', '--output', 'json'],
      cluster.env,
    )
    await killed.event(event => event.type === 'task:start' && event.title === 'restore the data of etcd')
    killed.child.kill('SIGKILL')
    await killed.ended
    const refused = await run('apply', cluster.file, '--yes')
    expect(refused.exitCode).toBe(1)
    expect(refused.stdout).toContain('A restore of etcd was cut off on this host.')
    const done = await run('etcd', 'restore', cluster.file, '--from', from, '--yes')
    expect([done.exitCode, done.stderr, done.stdout]).toEqual([0, '', expect.stringContaining('0 failed')])
    expect(await configMaps()).not.toContain('configmap/later')
    expect((await run('plan', cluster.file, '--exit-code')).stdout).toContain('No changes.')
  })
})
