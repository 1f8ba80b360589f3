import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { YAMLMap } from 'yaml'
import type { Event } from '../../src/core/index.ts'
import type { PlanDocument } from '../../src/report/plan-json.ts'
import { ephemeralLabel, tokenDescription } from '../../src/resources/kubeadm/ephemeral-values.ts'
import { shOn } from '../hosts/kit/use-hosts.ts'
import { handbook } from '../kit/handbook.ts'
import { startCluster, type TestCluster } from './kit/cluster.ts'
import { etcdMembers, isHealthy, kubectlOn, waitUntil } from './kit/control-plane.ts'
import { addHosts, editClusterFile, takeHostsOut } from './kit/edit-cluster-file.ts'
import { evcctl, failuresOf, type Outcome, startEvcctl } from './kit/evcctl.ts'

const late = ['cp2', 'cp3'] as const
const proxyFile = '/etc/evcctl/nginx-proxy.conf'
let cluster: TestCluster
/** Entries of cluster.yaml of the nodes that come later. */
let entries: readonly YAMLMap[]

const run = (...args: string[]): Promise<Outcome> => evcctl(args, { ...cluster.env })
const applying = (): string[] => ['apply', cluster.file, '--yes', '--output', 'json']
const file = () => ({ 'cluster.yaml': cluster.file })
const joinBegins = (event: Event): boolean => event.type === 'task:start' && event.role === 'control-plane-join'

// A watch is one request on one connection, and as a raw request it is never asked for again: it lives as long as that.
const watch = `exec kubectl --kubeconfig=/etc/kubernetes/kubelet.conf get --raw \\
  '/api/v1/nodes?watch=1&timeoutSeconds=3600&fieldSelector=metadata.name%3Dw1'`

const startWatch = (): Promise<string> =>
  sh(
    'w1',
    `cat >/root/watch <<'EOF'\n${watch}\nEOF\nsystemd-run --quiet --unit watch --property StandardOutput=file:/run/watched sh /root/watch`,
  )

const sh = (host: string, command: string): Promise<string> => shOn(cluster.hosts, host, command)

/** Makes something happen that the watch has to tell. */
async function expectWatchSees(value: string): Promise<void> {
  await kubectlOn(cluster, 'cp1', 'label', 'node', 'w1', '--overwrite', `evc.example/watched=${value}`)
  await waitUntil(`the watch tells ${value}`, async () => (await sh('w1', 'cat /run/watched')).includes(value), 30)
  expect(await sh('w1', 'systemctl is-active watch')).toBe('active')
}

const upstreams = async (host: string): Promise<readonly string[]> => {
  const text = await sh(host, `grep -o 'server [0-9.]*:6443' ${proxyFile}`)
  return cluster.hosts.hosts.filter(({ address }) => text.includes(`${address}:`)).map(({ name }) => name)
}

beforeAll(async () => {
  cluster = await startCluster({ hosts: '3+1' })
  entries = await takeHostsOut(cluster.file, late)
})

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
})

describe.sequential('a cluster of one control plane node and a worker', () => {
  test('is made, and a watch goes through the proxy of the worker', async () => {
    const outcome = await run(...applying())
    expect(outcome.stderr).toBe('')
    expect(failuresOf(outcome)).toEqual([])
    expect(outcome.exitCode).toBe(0)
    await startWatch()
    await expectWatchSees('before')
  })

  test('gets two more: plan says that they join, and that every proxy changes', async () => {
    await addHosts(cluster.file, entries)
    const reached = await run(...handbook('grow', 'evcctl ping cluster.yaml', file()))
    expect([reached.exitCode, reached.stderr]).toEqual([0, ''])
    const outcome = await run(...handbook('grow', 'evcctl plan cluster.yaml', file()), '--output', 'json')
    expect(outcome.stderr).toBe('')
    expect(outcome.exitCode).toBe(0)
    const { changes } = JSON.parse(
      outcome.stdout.split('\n').find(line => line.startsWith('{"type":"plan"'))!,
    ) as PlanDocument
    for (const name of ['cp1', 'w1']) {
      const proxy = changes.filter(({ host, role }) => host === name && role === 'nginx-proxy')
      expect(proxy.map(({ title, fields }) => [name, title, fields.map(({ field }) => field)])).toEqual([
        [name, proxyFile, ['content']],
        [name, 'evcctl-nginx-proxy.service', ['reload']],
      ])
    }
    for (const name of late) {
      const joins = changes.filter(({ host, role }) => host === name && role === 'control-plane-join')
      expect(joins.map(({ title }) => title)).toContain('kubeadm join')
    }
  })

  test('a run is killed while it makes the certificate key', async () => {
    const interrupted = startEvcctl(applying(), cluster.env)
    await interrupted.event(event => event.type === 'value:making' && event.name === 'certificate key')
    interrupted.child.kill('SIGKILL')
    expect((await interrupted.ended).signal).toBe('SIGKILL')
  })

  test('the joins are interrupted in the middle: by SIGKILL, then by ^C twice', async () => {
    for (const end of [['SIGKILL'], ['SIGINT', 'SIGINT']] as const) {
      const interrupted = startEvcctl(applying(), cluster.env)
      await interrupted.event(joinBegins)
      // Long enough for a member of etcd to be announced, not long enough for both joins to end.
      await sleep(8000)
      for (const signal of end) {
        interrupted.child.kill(signal)
        await sleep(300)
      }
      const outcome = await interrupted.ended
      expect(outcome.signal ?? outcome.exitCode).toBe(end[0] === 'SIGKILL' ? 'SIGKILL' : 130)
    }
  })

  test('then one apply converges: three voting members of etcd, and plan has no changes', async () => {
    const outcome = await run(...handbook('grow', 'evcctl apply cluster.yaml --yes', file()), '--output', 'json')
    expect(outcome.stderr).toBe('')
    expect(failuresOf(outcome)).toEqual([])
    expect(outcome.exitCode).toBe(0)
    await waitUntil('healthy', () => isHealthy(cluster))
    expect(await etcdMembers(cluster, 'cp1')).toEqual(['cp1', 'cp2', 'cp3'].map(name => [name, true]))
    const plan = await run('plan', cluster.file, '--exit-code')
    expect(plan.stdout).toContain('No changes.')
    expect(plan.exitCode).toBe(0)
  })

  test('no token and no certificate key of the interrupted runs is left', async () => {
    const secrets = await cluster.kubectl('-n', 'kube-system', 'get', 'secrets', '-o', 'yaml')
    expect(secrets).not.toContain(Buffer.from(tokenDescription).toString('base64'))
    expect(secrets).not.toContain('kubeadm-certs')
    expect(secrets).not.toContain(ephemeralLabel)
  })

  test('every proxy knows all three, and the watch has lived through it', async () => {
    for (const { name } of cluster.hosts.hosts)
      expect([name, await upstreams(name)]).toEqual([name, ['cp1', 'cp2', 'cp3']])
    await expectWatchSees('afterwards')
  })
})

describe.sequential('a control plane node that is taken out of cluster.yaml', () => {
  test('is asked by no proxy any more, while connections live on', async () => {
    await takeHostsOut(cluster.file, ['cp3'])
    await editClusterFile(cluster.file, document => document.setIn(['spec', 'etcd', 'allowEvenMembers'], true))
    const outcome = await run(...applying())
    expect(outcome.stderr).toBe('')
    expect(failuresOf(outcome)).toEqual([])
    expect(outcome.exitCode).toBe(0)
    for (const name of ['cp1', 'cp2', 'w1']) expect([name, await upstreams(name)]).toEqual([name, ['cp1', 'cp2']])
    await expectWatchSees('without-cp3')
    const plan = await run('plan', cluster.file)
    expect(plan.stdout).toContain('No changes.')
    expect(plan.stdout.replace(/\s+/g, ' ')).toContain(`Node cp3 is in the cluster, and not in ${cluster.file}`)
  })

  test('is removed by its name, after a plan of that, and a snapshot of etcd', async () => {
    const names = { w1: 'cp3', ...file() }
    const shown = await run(...handbook('remove', 'evcctl remove w1 cluster.yaml --dry-run', names))
    expect([shown.exitCode, shown.stderr]).toEqual([0, ''])
    for (const words of ['take a snapshot of etcd', 'drain cp3', 'etcd member of cp3', 'Node cp3'])
      expect(shown.stdout).toContain(words)
    expect((await etcdMembers(cluster, 'cp1')).length).toBe(3)
    const done = await run(...handbook('remove', 'evcctl remove w1 cluster.yaml --yes', names))
    expect([done.exitCode, done.stderr]).toEqual([0, ''])
    expect((await etcdMembers(cluster, 'cp1')).length).toBe(2)
    expect(await kubectlOn(cluster, 'cp1', 'get', 'nodes', '--output', 'name')).not.toContain('cp3')
    expect(await sh('cp1', 'cat /var/backups/evcctl/etcd/.before-removal')).toContain('the removal of cp3')
    const plan = await run('plan', cluster.file, '--exit-code')
    expect([plan.exitCode, plan.stdout]).toEqual([0, expect.stringContaining('No changes.')])
  })
})

describe.sequential('a cluster that has lost the quorum of etcd', () => {
  test('gets it back from the member that is left, and keeps its data', async () => {
    await kubectlOn(cluster, 'cp1', 'create', 'configmap', 'kept')
    await cluster.hosts.kill('cp2')
    await takeHostsOut(cluster.file, ['cp2'])
    const host = { cp3: 'cp1', ...file() }
    const taken = await run(
      ...handbook('restore', 'evcctl etcd snapshot cluster.yaml --host cp3', host),
      ...['--output', 'json'],
    )
    expect([taken.exitCode, taken.stderr]).toEqual([0, ''])
    const { path } = JSON.parse(taken.stdout.trim().split('\n').at(-1)!) as { readonly path: string }
    const names = { cp3: 'cp1', SNAPSHOT: path, cp1: 'cp2', ...file() }
    const shown = await run(
      ...handbook('restore', 'evcctl etcd restore cluster.yaml --from cp3:SNAPSHOT --lost cp1 --dry-run', names),
    )
    expect([shown.exitCode, shown.stdout]).toEqual([0, expect.stringContaining('what was written since is lost')])
    const done = await run(
      ...handbook('restore', 'evcctl etcd restore cluster.yaml --from cp3:SNAPSHOT --lost cp1 --yes', names),
    )
    expect([done.exitCode, done.stderr]).toEqual([0, ''])
    expect(await etcdMembers(cluster, 'cp1')).toEqual([['cp1', true]])
    expect(await kubectlOn(cluster, 'cp1', 'get', 'configmaps', '--output', 'name')).toContain('configmap/kept')
  })

  test('then forgets the Node that is gone', async () => {
    const { exitCode, stderr } = await run('apply', cluster.file, '--prune', '--yes')
    expect([exitCode, stderr]).toEqual([0, ''])
    expect(await kubectlOn(cluster, 'cp1', 'get', 'nodes', '--output', 'name')).toBe('node/cp1\nnode/w1\n')
    const plan = await run('plan', cluster.file, '--exit-code')
    expect([plan.exitCode, plan.stdout]).toEqual([0, expect.stringContaining('No changes.')])
  })
})
