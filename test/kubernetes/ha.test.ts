import { readFile, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fileSystem, writtenPaths } from '../hosts/kit/file-system.ts'
import { startCluster, type TestCluster } from './kit/cluster.ts'
import { evcctl, eventsOf, type Outcome } from './kit/evcctl.ts'

const controlPlane = ['cp1', 'cp2', 'cp3'] as const
const hostNames = [...controlPlane, 'w1']
let cluster: TestCluster

const run = (...args: string[]): Promise<Outcome> => evcctl(args, { ...cluster.env })

async function waitUntil(what: string, holds: () => Promise<boolean>, seconds = 180): Promise<void> {
  const deadline = Date.now() + seconds * 1000
  while (!(await holds().catch(() => false))) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${seconds} s`)
    await sleep(1000)
  }
}

/** kubectl on any control plane node, with its own API server. */
async function kubectl(host: string, ...args: string[]): Promise<string> {
  const server = `--server=https://${cluster.hosts.host(host).address}:6443`
  const command = ['kubectl', '--kubeconfig=/etc/kubernetes/admin.conf', '--request-timeout=5s', server, ...args]
  const { exitCode, stdout, stderr } = await cluster.hosts.exec(host, command)
  if (exitCode !== 0) throw new Error(`kubectl ${args.join(' ')} on ${host}: ${stderr}`)
  return stdout
}

/** Whether every API server, and so the etcd member beside it, is ready, and every node is Ready. */
async function isHealthy(): Promise<boolean> {
  for (const host of controlPlane) await kubectl(host, 'get', '--raw', '/readyz')
  const nodes = await kubectl('cp1', 'get', 'nodes', '--no-headers')
  return hostNames.every(name => new RegExp(`^${name} +Ready `, 'm').test(nodes))
}

function exchangesOf(outcome: Outcome): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const event of eventsOf(outcome)) {
    if (event.type === 'exchange') counts[event.host] = (counts[event.host] ?? 0) + 1
  }
  return counts
}

function changed(outcome: Outcome): readonly string[] {
  return eventsOf(outcome).flatMap(event =>
    event.type === 'task:end' && event.result === 'changed' ? [event.task] : [],
  )
}

beforeAll(async () => {
  cluster = await startCluster({ hosts: '3+1' })
})

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
})

describe.sequential('three control plane nodes and a worker', () => {
  test('plan on bare hosts writes nothing on any of them', async () => {
    const before = await Promise.all(hostNames.map(name => fileSystem(cluster.hosts, name)))
    const outcome = await run('plan', cluster.file, '--exit-code')
    const after = await Promise.all(hostNames.map(name => fileSystem(cluster.hosts, name)))
    expect(outcome.stderr).toBe('')
    expect(outcome.exitCode).toBe(2)
    expect(hostNames.map((_, index) => writtenPaths(before[index]!, after[index]!))).toEqual([[], [], [], []])
  })

  test('apply makes a cluster whose nodes are Ready, with three voting members of etcd', async () => {
    const outcome = await run('apply', cluster.file, '--yes', '--output', 'json')
    expect(outcome.stderr).toBe('')
    expect(outcome.exitCode).toBe(0)
    for (const event of eventsOf(outcome)) {
      if (event.type === 'task:end' && event.title.startsWith('kubeadm')) console.log(event.task, `${event.ms} ms`)
    }
    await waitUntil('healthy', isHealthy)
    const members = await cluster.hosts.exec(
      'cp1',
      `cd /etc/kubernetes/pki && curl --silent --fail --cacert etcd/ca.crt \\
      --cert apiserver-etcd-client.crt --key apiserver-etcd-client.key --data '{}' https://127.0.0.1:2379/v3/cluster/member/list`,
    )
    const list = (JSON.parse(members.stdout) as { members: { name: string; isLearner?: boolean }[] }).members
    expect(list.map(({ name, isLearner = false }) => [name, isLearner]).sort()).toEqual(
      controlPlane.map(name => [name, false]),
    )
  })

  test('nothing that would let another node join is left', async () => {
    const secrets = await cluster.kubectl('-n', 'kube-system', 'get', 'secrets', '-o', 'name')
    expect(secrets).not.toContain('kubeadm-certs')
    await waitUntil('no bootstrap token', async () => {
      return !(await cluster.kubectl('-n', 'kube-system', 'get', 'secrets', '-o', 'name')).includes('bootstrap-token')
    })
  })

  test('a second plan has no changes, and a second apply costs what a plan costs', async () => {
    const plan = await run('plan', cluster.file, '--exit-code')
    expect(plan.stdout).toContain('No changes.')
    expect(plan.exitCode).toBe(0)
    const again = await run('apply', cluster.file, '--yes', '--output', 'json')
    expect(again.exitCode).toBe(0)
    expect(exchangesOf(again)).toEqual({ cp1: 2, cp2: 2, cp3: 2, w1: 2 })
  })

  test('the cluster is worked on through another one while the first is off', async () => {
    await cluster.hosts.kill('cp1')
    const whole = await readFile(cluster.file, 'utf8')
    try {
      await writeFile(cluster.file, whole.replace(/(\{ name: w1,.*) \}/, '$1, labels: { evc.example/camera: north } }'))
      await waitUntil('an API server answers', async () => (await kubectl('cp2', 'get', 'nodes')) !== '')
      const status = await run('status', cluster.file)
      expect(status.stdout).toMatch(/^cp2 .*ready/m)
      const plan = await run('plan', cluster.file)
      expect(plan.exitCode).toBe(4)
      expect(plan.stderr + plan.stdout).toContain('cp1')
      const outcome = await run('apply', cluster.file, '--yes', '--output', 'json')
      expect(outcome.exitCode).toBe(4)
      expect(changed(outcome)).toEqual(['cp2/nodes/labels and taints:w1'])
      expect(await kubectl('cp2', 'get', 'node', 'w1', '--show-labels')).toContain('evc.example/camera=north')
      expect((await run('kubeconfig', cluster.file)).stdout).toContain(
        `https://${cluster.hosts.host('cp2').address}:6443`,
      )
    } finally {
      await cluster.hosts.start('cp1')
    }
    await waitUntil('healthy', isHealthy)
    const back = await run('apply', cluster.file, '--yes', '--output', 'json')
    expect(back.exitCode).toBe(0)
    expect(changed(back)).toEqual([])
  })
})
