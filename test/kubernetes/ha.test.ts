import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { certificatesScript, parseCertificates } from '../../src/facts/index.ts'
import { kubeadmFacts } from '../../src/resources/kubeadm/facts.ts'
import { fileSystem, writtenPaths } from '../hosts/kit/file-system.ts'
import { describeMeasured, expectAllAnswered, type Measured, startClient } from './kit/api-client.ts'
import { startCluster, type TestCluster } from './kit/cluster.ts'
import { etcdMembers, isHealthy, kubectlOn, waitUntil } from './kit/control-plane.ts'
import { describeLookups, startDnsClient } from './kit/dns-client.ts'
import { editClusterFile } from './kit/edit-cluster-file.ts'
import { evcctl, eventsOf, failuresOf, type Outcome } from './kit/evcctl.ts'

const controlPlane = ['cp1', 'cp2', 'cp3'] as const
const hostNames = [...controlPlane, 'w1']
let cluster: TestCluster

const run = (...args: string[]): Promise<Outcome> => evcctl(args, { ...cluster.env })

interface Away {
  readonly measured: Measured
  /** Begin and end of the moment in which the machine went, ms since the epoch. */
  readonly leaving: number
  readonly left: number
}

/** What a client on the worker sees while a control plane node goes away; ends when that is back and healthy. */
async function whileAway(host: string, how: 'killed' | 'cut off'): Promise<Away> {
  const { hosts } = cluster
  const client = startClient(hosts, 'w1')
  await sleep(3000)
  const leaving = Date.now()
  await (how === 'killed' ? hosts.kill(host) : hosts.disconnect(host))
  const left = Date.now()
  await sleep(10_000)
  const measured = await client.stop()
  console.log(`${host} ${how}: ${describeMeasured(measured)}${measured.errors}`)
  await (how === 'killed' ? hosts.start(host) : hosts.reconnect(host))
  const back = Date.now()
  await waitUntil(`${host} healthy again`, () => isHealthy(cluster, back))
  return { measured, leaving, left }
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
    expect([outcome.exitCode, failuresOf(outcome)]).toEqual([0, []])
    for (const event of eventsOf(outcome)) {
      if (event.type === 'task:end' && event.title.startsWith('kubeadm')) console.log(event.task, `${event.ms} ms`)
    }
    await waitUntil('healthy', () => isHealthy(cluster))
    expect(await etcdMembers(cluster, 'cp1')).toEqual(controlPlane.map(name => [name, true]))
  })

  test('CoreDNS does not run on the first node alone, and on every node besides', async () => {
    const nodesOf = async (selector: string): Promise<readonly string[]> => {
      const columns = ['--no-headers', '-o', 'custom-columns=:.spec.nodeName,:.metadata.deletionTimestamp']
      const pods = await cluster.kubectl('-n', 'kube-system', 'get', 'pods', '--selector', selector, ...columns)
      return pods.match(/^\S+(?= +<none>$)/gm) ?? []
    }
    const placed = await nodesOf('k8s-app=kube-dns,pod-template-hash')
    expect([placed.length, new Set(placed).size]).toEqual([2, 2])
    await cluster.kubectl('-n', 'kube-system', 'rollout', 'status', 'daemonset/coredns-node', '--timeout=60s')
    expect([...(await nodesOf('evcctl.dev/dns=node'))].sort()).toEqual(hostNames)
  })

  test('status says that all is well, and what may be lost', async () => {
    // When the nodes are Ready, a pod of the control plane may still be on its way: status names it then.
    const status = await vi.waitFor(
      async () => {
        const outcome = await run('status', cluster.file)
        expect([outcome.exitCode, outcome.stderr], outcome.stdout).toEqual([0, ''])
        return outcome
      },
      { timeout: 60_000, interval: 2_000 },
    )
    expect(status.stdout).toContain('API servers: 3 of 3 ready')
    expect(status.stdout).toContain('3 etcd members, 3 healthy: survives the loss of 1')
    const { hosts } = JSON.parse((await run('status', cluster.file, '--output', 'json')).stdout)
    expect(hosts.map((host: { kubelet: { state: string } }) => host.kubelet.state)).toEqual(hostNames.map(() => 'ok'))
  })

  test('when the certificates of kubeadm and of the kubelet expire is read on every node', async () => {
    const { stdout } = await cluster.hosts.exec('cp2', ['sh', '-c', certificatesScript(kubeadmFacts)])
    const found = parseCertificates(stdout.split('\n'))
    const folder = '/etc/kubernetes'
    const leaves = ['apiserver', 'apiserver-etcd-client', 'apiserver-kubelet-client', 'front-proxy-client']
    const ofEtcd = ['etcd/healthcheck-client', 'etcd/peer', 'etcd/server']
    const authorities = ['ca', 'front-proxy-ca', 'etcd/ca']
    const wanted = [
      ...[...leaves, ...ofEtcd, ...authorities].map(name => `${folder}/pki/${name}.crt`),
      ...['admin', 'controller-manager', 'scheduler'].map(name => `${folder}/${name}.conf`),
      '/var/lib/kubelet/pki/kubelet-client-current.pem',
    ]
    expect(found.map(({ path }) => path).sort()).toEqual(wanted.sort())
    const inAYear = Date.now() + 366 * 24 * 60 * 60 * 1000
    expect(found.filter(({ ca, validTo }) => ca === validTo < inAYear)).toEqual([])
    const worker = await cluster.hosts.exec('w1', ['sh', '-c', certificatesScript(kubeadmFacts)])
    expect(parseCertificates(worker.stdout.split('\n'))).toHaveLength(2)
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
    expect([again.exitCode, failuresOf(again)]).toEqual([0, []])
    expect(exchangesOf(again)).toEqual({ cp1: 2, cp2: 2, cp3: 2, w1: 2 })
  })

  // The whole time from the loss of a node over the moment when Kubernetes notices it, after some 45 s.
  test('the cluster is worked on through another one while the first is off, and no lookup fails twice', async () => {
    const dns = await startDnsClient(cluster, 'w1')
    await cluster.hosts.kill('cp1')
    const killed = Date.now()
    const whole = await readFile(cluster.file, 'utf8')
    try {
      await writeFile(cluster.file, whole.replace(/(\{ name: w1,.*) \}/, '$1, labels: { evc.example/camera: north } }'))
      await waitUntil('an API server answers', async () => (await kubectlOn(cluster, 'cp2', 'get', 'nodes')) !== '')
      const asked = Date.now()
      const status = await run('status', cluster.file)
      console.log(`status took ${Date.now() - asked} ms\n${status.stdout}`)
      expect(status.exitCode).toBe(1)
      expect(status.stdout).toMatch(/^cp2 .*ready/m)
      expect(status.stdout).toContain('cp2 was asked instead')
      expect(status.stdout).toContain('API servers: 2 of 3 ready')
      expect(status.stdout).toContain('3 etcd members, 2 healthy: no further loss')
      const plan = await run('plan', cluster.file)
      expect(plan.exitCode).toBe(4)
      expect(plan.stderr + plan.stdout).toContain('cp1')
      const outcome = await run('apply', cluster.file, '--yes', '--output', 'json')
      expect([outcome.exitCode, failuresOf(outcome), outcome.stderr]).toEqual([4, [], ''])
      expect(changed(outcome)).toEqual(['cp2/labels and taints:w1'])
      expect(await kubectlOn(cluster, 'cp2', 'get', 'node', 'w1', '--show-labels')).toContain(
        'evc.example/camera=north',
      )
      expect((await run('kubeconfig', cluster.file)).stdout).toContain(
        `https://${cluster.hosts.host('cp2').address}:6443`,
      )
      await waitUntil('cp1 is seen as lost', async () =>
        / NotReady /.test(await kubectlOn(cluster, 'cp2', 'get', 'node', 'cp1', '--no-headers')),
      )
      const lookups = await dns.stop()
      console.log(`cp1 killed, noticed after ${Date.now() - killed} ms: ${describeLookups(lookups)}`)
      expect(lookups.lookups.length).toBeGreaterThan(200)
      expect(lookups.failed).toHaveLength(0)
    } finally {
      await cluster.hosts.start('cp1')
    }
    const started = Date.now()
    await waitUntil('healthy', () => isHealthy(cluster, started))
    const back = await run('apply', cluster.file, '--yes', '--output', 'json')
    expect([back.exitCode, failuresOf(back)]).toEqual([0, []])
    expect(changed(back)).toEqual([])
  })
})

describe.sequential('two controllers that reach different control plane nodes', () => {
  test('never hold the lock at once, and the later one reads again what the earlier one wrote', async () => {
    const text = await readFile(cluster.file, 'utf8')
    const apply = async (silent: string, camera: string): Promise<Outcome> => {
      const file = join(cluster.folder, `without-${silent}.yaml`)
      await writeFile(file, text)
      await editClusterFile(file, document => {
        const index = hostNames.indexOf(silent)
        document.setIn(['spec', 'hosts', index, 'ssh'], { port: 1 })
        document.setIn(['spec', 'hosts', 3, 'labels'], { 'evc.example/camera': camera })
      })
      return run('apply', file, '--yes', '--output', 'json')
    }
    const outcomes = await Promise.all([apply('cp1', 'south'), apply('cp2', 'west')])
    expect(outcomes.map(outcome => [outcome.exitCode, failuresOf(outcome), outcome.stderr])).toEqual([
      [4, [], ''],
      [4, [], ''],
    ])
    const held = outcomes.map(outcome => {
      const at = (...types: string[]) =>
        eventsOf(outcome).flatMap(event => (types.includes(event.type) ? [event.at] : []))
      // Freeing the lock is told when the host has said so: by then the other run may have it.
      return { from: Math.min(...at('lock:taken')), to: Math.max(...at('task:end', 'value:revoked')) }
    })
    const [first, second] = held.sort((a, b) => a.from - b.from)
    console.log(
      `held for ${held.map(({ from, to }) => to - from).join(' and ')} ms, one ${second!.from - first!.to} ms after the other`,
    )
    expect(second!.from).toBeGreaterThanOrEqual(first!.to)
    const back = await run('apply', cluster.file, '--yes', '--output', 'json')
    expect([back.exitCode, failuresOf(back)]).toEqual([0, []])
    expect((await run('plan', cluster.file)).stdout).toContain('No changes.')
  })
})

describe.sequential('with nginx, a client on the worker does not notice', () => {
  test.for(controlPlane)('that %s is killed', async host => {
    const { measured } = await whileAway(host, 'killed')
    expectAllAnswered(measured)
  })

  // nginx does not see that a machine is silent: what was under way there just then hangs until its client gives up.
  test('that cp2 is cut off, but for the request that is under way there', async () => {
    const { measured, leaving, left } = await whileAway('cp2', 'cut off')
    const underWay = measured.requests.filter(({ begun, ended }) => begun <= left && ended >= leaving)
    expect(measured.failed.filter(request => !underWay.includes(request))).toEqual([])
  })
})

describe.sequential('with haproxy', () => {
  test('a standing cluster changes over, and has no more changes', async () => {
    await editClusterFile(cluster.file, document => document.setIn(['spec', 'controlPlane', 'localProxy'], 'haproxy'))
    const outcome = await run('apply', cluster.file, '--yes', '--output', 'json')
    expect(outcome.stderr).toBe('')
    expect([outcome.exitCode, failuresOf(outcome)]).toEqual([0, []])
    for (const name of hostNames) {
      const units = ['evcctl-nginx-proxy', 'evcctl-haproxy']
      const { stdout } = await cluster.hosts.exec(name, ['systemctl', 'is-active', ...units])
      expect([name, stdout]).toEqual([name, 'inactive\nactive\n'])
    }
    expect((await run('plan', cluster.file)).stdout).toContain('No changes.')
    await waitUntil('healthy', () => isHealthy(cluster))
  })

  test.for([
    ['cp1', 'killed'],
    ['cp3', 'cut off'],
  ] as const)('a client on the worker does not notice that %s is %s', async ([host, how]) => {
    const { measured } = await whileAway(host, how)
    expectAllAnswered(measured)
  })
})

describe.sequential('with haproxy, an API server that starts', () => {
  // It takes connections at once, and for seconds refuses everybody with 403 until it has read who may do what.
  test('gets no request before it is ready', async () => {
    const client = startClient(cluster.hosts, 'w1')
    const began = Date.now()
    for (const name of ['cp2', 'cp3']) {
      const { exitCode } = await cluster.hosts.exec(name, 'pkill -x kube-apiserver')
      expect([name, exitCode]).toEqual([name, 0])
      await waitUntil('healthy', () => isHealthy(cluster, began))
    }
    const measured = await client.stop()
    console.log(`API servers started: ${describeMeasured(measured)}`)
    expectAllAnswered(measured)
  })
})

// An API server that starts takes connections some time before it answers them. haproxy notices; with nginx they wait, and
// on a slow machine longer than the 10 s that client-go gives a TLS handshake.
describe.sequential('with haproxy, a setting of the API server', () => {
  let outcome: Outcome

  test('changes while the API answers all the time', async () => {
    const profiling = [{ name: 'profiling', value: 'false' }]
    await editClusterFile(cluster.file, document =>
      document.setIn(['spec', 'kubernetes', 'clusterConfiguration'], { apiServer: { extraArgs: profiling } }),
    )
    const client = startClient(cluster.hosts, 'w1')
    outcome = await run('apply', cluster.file, '--yes', '--output', 'json')
    const measured = await client.stop()
    console.log(`configuration changed: ${describeMeasured(measured)}`)
    expect(outcome.stderr).toBe('')
    expect(failuresOf(outcome)).toEqual([])
    expect(outcome.exitCode).toBe(0)
    expectAllAnswered(measured)
  })

  test('changes on one node after the other, and on all of them', async () => {
    const rolled = eventsOf(outcome)
      .filter(event => event.type === 'task:start' || event.type === 'task:end')
      .filter(event => event.title === 'kubeadm configuration')
      .map(event => `${event.type} ${event.host}`)
    expect(rolled).toEqual(controlPlane.flatMap(name => [`task:start ${name}`, `task:end ${name}`]))
    for (const name of controlPlane) {
      const manifest = await cluster.hosts.exec(name, ['cat', '/etc/kubernetes/manifests/kube-apiserver.yaml'])
      expect(manifest.stdout).toContain('--profiling=false')
    }
    expect((await run('plan', cluster.file)).stdout).toContain('No changes.')
  })
})

describe.sequential('a setting with which no API server starts', () => {
  const written = 'sha256sum /etc/kubernetes/manifests/*.yaml /var/lib/kubelet/config.yaml'
  const onAll = () => Promise.all(hostNames.map(async name => (await cluster.hosts.exec(name, written)).stdout))

  test('stops at the first node, which keeps its former manifests; no kubelet is changed then', async () => {
    const whole = await readFile(cluster.file, 'utf8')
    await editClusterFile(cluster.file, document => {
      document.setIn(
        ['spec', 'kubernetes', 'clusterConfiguration', 'apiServer', 'extraArgs'],
        [{ name: 'no-such-flag', value: '1' }],
      )
      document.setIn(['spec', 'kubernetes', 'kubeletConfiguration', 'maxPods'], 111)
    })
    const before = await onAll()
    expect((await run('plan', cluster.file)).stdout).toMatch(
      /change in 4 batches, .*\n {2}batches 1 to 4 {2}cp1, cp2, cp3, w1 {2}one at a time\n/,
    )
    const outcome = await run('apply', cluster.file, '--yes', '--output', 'json')
    expect(outcome.exitCode).toBe(1)
    expect(failuresOf(outcome)).toEqual([expect.stringMatching(/^cp1 .*unknown flag: --no-such-flag/s)])
    expect(await onAll()).toEqual(before)
    const begun = Date.now()
    await waitUntil('healthy', () => isHealthy(cluster, begun))
    await writeFile(cluster.file, whole)
    const back = await run('apply', cluster.file, '--yes', '--output', 'json')
    expect([back.exitCode, failuresOf(back)]).toEqual([0, []])
    expect((await run('plan', cluster.file)).stdout).toContain('No changes.')
  })
})
