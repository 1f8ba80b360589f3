import { readFile, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseDocument, type YAMLMap, type YAMLSeq } from 'yaml'
import { startCluster, type TestCluster } from './kit/cluster.ts'
import { evcctl, type Outcome, startEvcctl } from './kit/evcctl.ts'
import { clientFiles, type ExistingEtcd, prepareExistingEtcd } from './kit/existing-etcd.ts'

let cluster: TestCluster
let etcd: ExistingEtcd
/** cluster.yaml as the kit writes it, with the host of etcd in it. */
let everybody: string

beforeAll(async () => {
  cluster = await startCluster({ hosts: '1+1+1', image: 'trixie' })
  everybody = await readFile(cluster.file, 'utf8')
  etcd = await prepareExistingEtcd(cluster, 'e1')
})

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
})

/** cluster.yaml without the host of etcd, but with the endpoints and these certificates. */
async function write(kind: Parameters<typeof clientFiles>[0] = 'client', endpoints = [etcd.endpoint]): Promise<void> {
  const document = parseDocument(everybody)
  const hosts = document.getIn(['spec', 'hosts']) as YAMLSeq<YAMLMap>
  hosts.items = hosts.items.filter(item => item.get('name') !== 'e1')
  document.setIn(
    ['spec', 'etcd'],
    document.createNode({ topology: 'external', endpoints, certificates: clientFiles(kind) }),
  )
  await writeFile(cluster.file, String(document))
}

const run = (...args: string[]): Promise<Outcome> => evcctl(args, cluster.env)

/** What a plan says that is refused. */
async function refusal(): Promise<string> {
  const plan = await run('plan', cluster.file)
  expect(plan.exitCode).not.toBe(0)
  const said = plan.stdout + plan.stderr
  expect(said).not.toMatch(/^ *at .*\.(js|ts):\d+/m)
  return said
}

describe.sequential('a cluster on an etcd that exists already', () => {
  test('a dead endpoint is named, and what came', async () => {
    await write()
    const said = await refusal()
    expect(said).toContain('The external etcd does not answer.')
    expect(said).toContain('at least 1 of 1 endpoints')
    expect(said).toContain(etcd.endpoint)
  })

  test('a client certificate that has expired is named before any host is contacted', async () => {
    await write('expired')
    const said = await refusal()
    expect(said).toMatch(/cluster\.yaml:\d+:\d+ {2}spec\.etcd\.certificates\.cert$/m)
    expect(said).toContain('The client certificate has expired.')
  })

  test("an endpoint that shows an expired certificate, or another cluster's, is named", async () => {
    await etcd.start('expired')
    await write()
    const expired = await refusal()
    expect(expired).toContain('answers, but not with a certificate of the CA in spec.etcd.certificates.ca')
    expect(expired).toMatch(/actual .*certificate has expired/)
    await etcd.start('server')
    await write('other')
    const said = await refusal()
    expect(said).toContain(
      `${etcd.endpoint} answers, but not with a certificate of the CA in spec.etcd.certificates.ca`,
    )
    expect(said).toMatch(/actual .*certificate/)
  })

  test('an apply that is killed while kubeadm init writes to etcd is taken up again', async () => {
    await write()
    const killed = startEvcctl(['apply', cluster.file, '--yes', '--output', 'json'], cluster.env)
    await killed.event(event => event.type === 'task:start' && event.title === 'kubeadm init')
    while ((await etcd.ctl('get --prefix /registry/ --keys-only --limit 1')) === '') await sleep(100)
    killed.child.kill('SIGKILL')
    await killed.ended
    await cluster.hosts.exec('cp1', 'pkill -KILL -x kubeadm; true')
    const plan = await run('plan', cluster.file)
    expect(plan.stderr).toBe('')
    expect(plan.stdout).toContain('what the interrupted run of kubeadm left is removed first')
    const outcome = await run('apply', cluster.file, '--yes')
    expect(outcome.stderr).toBe('')
    expect(outcome.exitCode).toBe(0)
    expect(await cluster.kubectl('get', 'nodes', '--no-headers')).toMatch(/^cp1 +Ready .*\nw1 +Ready /)
    expect(await etcd.ctl('get /registry/minions/w1 --keys-only')).toContain('/registry/minions/w1')
    expect((await run('plan', cluster.file, '--exit-code')).stdout).toContain('No changes.')
  })

  test('the key is on the control plane node only, for root', async () => {
    const { stdout } = await cluster.hosts.exec('cp1', 'stat -c "%U %a" /etc/evcctl/etcd/client.key /etc/evcctl/etcd')
    expect(stdout.trim().split('\n')).toEqual(['root 600', 'root 700'])
    expect((await cluster.hosts.exec('w1', 'ls /etc/evcctl/etcd')).exitCode).not.toBe(0)
  })

  test('a host that has forgotten its cluster does not take over what etcd holds', async () => {
    const reset = await cluster.hosts.exec(
      'cp1',
      'kubeadm reset --force --cri-socket unix:///run/containerd/containerd.sock',
    )
    expect(reset.exitCode).toBe(0)
    const said = await refusal()
    expect(said).toContain('kubeadm init would take them over')
    expect(said).toContain(`keys below /registry/ at ${etcd.endpoint}`)
    const apply = await run('apply', cluster.file, '--yes')
    expect(apply.exitCode).not.toBe(0)
    expect((await cluster.hosts.exec('cp1', 'ls /etc/kubernetes/admin.conf')).exitCode).not.toBe(0)
  })
})
