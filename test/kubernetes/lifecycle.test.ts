import { basename } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { YAMLMap, YAMLSeq } from 'yaml'
import type { PlanDocument } from '../../src/report/plan-json.ts'
import { formerVersion } from '../kit/former-version.ts'
import { handbook } from '../kit/handbook.ts'
import { describeMeasured, expectAllAnswered, startClient } from './kit/api-client.ts'
import { startApiWriter, type Written } from './kit/api-writer.ts'
import { expectCertificatesRenewed, expectUserAccess } from './kit/certificate-steps.ts'
import { startCluster, type TestCluster, upgradeFile } from './kit/cluster.ts'
import { etcdMembers, isHealthy, kubectlOn, waitUntil } from './kit/control-plane.ts'
import { addHosts, editClusterFile, setAbsent, takeHostsOut } from './kit/edit-cluster-file.ts'
import { evcctl, eventsOf, failuresOf, type Outcome, startEvcctl } from './kit/evcctl.ts'
import { expectUpgradeReport } from './kit/expect-upgrade-report.ts'
import { type HostsBefore, recordHosts } from './kit/reset-steps.ts'
import { type Served, startServiceClient } from './kit/service-client.ts'
import { expectFailedUpgrade, killUpgradeOf } from './kit/upgrade-steps.ts'

let cluster: TestCluster
/** A client on w2, which stays to the end, of a Service whose two pods begin on w1 and w2. */
let client: { stop(): Promise<Served> }
let writer: { stop(): Promise<Written> }
/** The hosts that are there to the end, before the cluster is made. */
let before: HostsBefore
/** Entries of cluster.yaml of the nodes that come later. */
let laterServers: readonly YAMLMap[]
let laterWorker: readonly YAMLMap[]

const run = (...args: string[]): Promise<Outcome> => evcctl(args, { ...cluster.env })
const applying = (): string[] => ['apply', cluster.file, '--yes', '--output', 'json']
// cp2 is there to the end.
const kubectl = (...args: string[]): Promise<string> => kubectlOn(cluster, 'cp2', ...args)
const nodes = async (server = 'cp2'): Promise<readonly string[]> =>
  (await kubectlOn(cluster, server, 'get', 'nodes', '--output', 'name'))
    .trim()
    .split('\n')
    .map(name => name.replace('node/', ''))
    .sort()

const file = () => ({ 'cluster.yaml': cluster.file })

async function planned(plan = ['plan', cluster.file]): Promise<PlanDocument> {
  const { stdout, stderr } = await run(...plan, '--output', 'json')
  expect(stderr).toBe('')
  return JSON.parse(stdout.split('\n').find(line => line.startsWith('{"type":"plan"'))!)
}

async function expectApplied(apply = ['apply', cluster.file, '--yes']): Promise<void> {
  const outcome = await run(...apply, '--output', 'json')
  expect(outcome.stderr).toBe('')
  expect([outcome.exitCode, failuresOf(outcome)]).toEqual([0, []])
  await expectNoChanges()
}

async function expectNoChanges(): Promise<void> {
  const plan = await run('plan', cluster.file, '--exit-code')
  expect(plan.stdout).toContain('No changes.')
  expect(plan.exitCode).toBe(0)
}

/** Two replicas of a web server, one a worker if possible, and a budget that one has to be there. */
const web = (image: string): string => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      # The server does not heed SIGTERM: it serves until it is killed.
      terminationGracePeriodSeconds: 5
      affinity:
        podAntiAffinity:
          preferredDuringSchedulingIgnoredDuringExecution:
            - weight: 100
              podAffinityTerm: { topologyKey: kubernetes.io/hostname, labelSelector: { matchLabels: { app: web } } }
      containers:
        - name: web
          image: ${image}
          imagePullPolicy: IfNotPresent
          command: [/bin/sh, -c, 'mkdir -p /www && hostname >/www/index.html && exec /bin/busybox httpd -f -p 8080 -h /www']
          readinessProbe: { httpGet: { path: /, port: 8080 }, periodSeconds: 1 }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  selector: { app: web }
  ports: [{ port: 80, targetPort: 8080 }]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: web }
spec:
  minAvailable: 1
  selector: { matchLabels: { app: web } }
`

async function startWeb(server: string): Promise<string> {
  const archive = cluster.mirror.images.find(image => image.refs.some(ref => ref.includes('busybox')))
  if (archive !== undefined) {
    const url = `${cluster.mirrorUrl}/images/${basename(archive.file)}`
    for (const name of ['w1', 'w2']) {
      const loaded = await cluster.hosts.exec(name, `curl -fsS ${url} | ctr -n k8s.io images import -`)
      expect([name, loaded.exitCode]).toEqual([name, 0])
    }
  }
  const image = archive?.refs[0] ?? 'registry.k8s.io/e2e-test-images/busybox:1.29-4'
  await cluster.hosts.exec(server, `cat >/run/web.yaml <<'EOF'\n${web(image)}\nEOF`)
  await kubectlOn(cluster, server, 'apply', '-f', '/run/web.yaml')
  await kubectlOn(
    cluster,
    server,
    'wait',
    'deployment/web',
    '--for=jsonpath={.status.readyReplicas}=2',
    '--timeout=4s',
  ).catch(() => {})
  await waitUntil('both replicas', async () => {
    return (
      (await kubectlOn(cluster, server, 'get', 'deployment', 'web', '-o', 'jsonpath={.status.readyReplicas}')) === '2'
    )
  })
  return kubectlOn(cluster, server, 'get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}')
}

beforeAll(async () => {
  cluster = await startCluster({ hosts: '3+2', kubernetes: formerVersion })
  before = await recordHosts(cluster.hosts, ['cp1', 'cp2', 'w1', 'w2'])
  await editClusterFile(cluster.file, document => {
    document.setIn(['spec', 'etcd', 'allowEvenMembers'], true)
  })
  laterServers = await takeHostsOut(cluster.file, ['cp2', 'cp3'])
  laterWorker = await takeHostsOut(cluster.file, ['w2'])
})

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
})

describe.sequential('a cluster that begins with one control plane node and one worker', () => {
  test('is made', () => expectApplied())

  test('gets a second worker, and serves', async () => {
    await addHosts(cluster.file, laterWorker)
    await expectApplied()
    expect(await nodes('cp1')).toEqual(['cp1', 'w1', 'w2'])
    client = await startServiceClient(cluster.hosts, 'w2', await startWeb('cp1'))
    writer = await startApiWriter(cluster, { administrator: 'cp1', servers: ['cp2', 'cp3', 'cp1'] })
  })

  test('gets two more control plane nodes', async () => {
    await addHosts(cluster.file, laterServers)
    await expectApplied()
    await waitUntil('healthy', () => isHealthy(cluster))
    expect(await nodes()).toEqual(['cp1', 'cp2', 'cp3', 'w1', 'w2'])
    expect(await etcdMembers(cluster, 'cp2')).toEqual(['cp1', 'cp2', 'cp3'].map(name => [name, true]))
  })

  test('is not upgraded with an image that does not start: it goes back by itself, and serves', async () => {
    await expectFailedUpgrade(cluster, ['cp1', 'cp2', 'cp3'])
  })

  test('is upgraded to the next minor: control plane nodes one by one, then workers, each drained, also after a run that was killed', async () => {
    // Pods on nodes that have just joined may still be starting.
    await waitUntil('status finds that all is well', async () => {
      return (await run(...handbook('upgrade', 'evcctl status cluster.yaml', file()))).exitCode === 0
    })
    const version = await upgradeFile(cluster)
    await expectUpgradeReport({ kubectl, planned }, { from: formerVersion, to: version })
    const { changes, batches } = await planned(handbook('upgrade', 'evcctl plan cluster.yaml', file()))
    expect(batches).toEqual([['cp1'], ['cp2'], ['cp3'], ['w1'], ['w2']])
    const upgrades = changes.filter(({ fields }) => fields.some(({ field }) => field === 'kubernetesVersion'))
    expect(upgrades.map(({ host, fields }) => [host, fields[0]?.before, fields[0]?.after])).toEqual(
      ['cp1', 'cp2', 'cp3'].map(host => [host, `v${formerVersion}`, `v${version}`]),
    )
    expect(changes.filter(({ title }) => /^drain\b/.test(title)).map(({ title }) => title)).toEqual([
      'drain',
      ...['cp2', 'cp3', 'w1', 'w2'].map(name => `drain ${name}`),
    ])
    const apiClient = startClient(cluster.hosts, 'w1', 0.5)
    await killUpgradeOf(cluster, 'cp2')
    await expectApplied(handbook('upgrade', 'evcctl apply cluster.yaml --yes', file()))
    const measured = await apiClient.stop()
    console.log(`upgrade, behind nginx: ${describeMeasured(measured)}${measured.errors}`)
    expectAllAnswered(measured)
    const kubelets = await kubectl('get', 'nodes', '-o', 'jsonpath={.items[*].status.nodeInfo.kubeletVersion}')
    expect(kubelets.split(' ')).toEqual(Array.from({ length: 5 }, () => `v${version}`))
    const images = await kubectl(
      ...['get', 'pods', '--namespace', 'kube-system', '--selector', 'tier=control-plane'],
      ...['-o', 'jsonpath={range .items[*]}{.metadata.labels.component}:{.spec.containers[0].image}{"\\n"}{end}'],
    )
    for (const part of ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'])
      expect(images.match(new RegExp(`^${part}:.*:v${version}$`, 'gm'))).toHaveLength(3)
    const cordoned = await kubectl('get', 'nodes', '-o', 'jsonpath={.items[*].spec.unschedulable}')
    expect(cordoned).toBe('')
    await waitUntil('healthy', () => isHealthy(cluster))
  })

  test('gets new certificates, node by node, while it serves', async () => {
    await expectCertificatesRenewed(cluster, ['cp1', 'cp2', 'cp3'])
    await expectUserAccess(cluster, 'cp1')
  })

  test('is not taken back to the former version, nor over a minor', async () => {
    for (const [other, words] of [
      [formerVersion, 'cannot go back'],
      ['1.34.11', 'cannot go back'],
    ] as const) {
      await editClusterFile(cluster.file, document => document.setIn(['spec', 'kubernetes', 'version'], other))
      const outcome = await run('plan', cluster.file)
      expect([outcome.exitCode, outcome.stdout]).toEqual([1, expect.stringContaining(words)])
    }
    await upgradeFile(cluster)
    await expectNoChanges()
  })

  test('loses a control plane node that is dead: its member of etcd and its Node are removed', async () => {
    await cluster.hosts.kill('cp3')
    await waitUntil('cp3 does not report', async () => /^cp3 +NotReady/m.test(await kubectl('get', 'nodes')))
    await setAbsent(cluster.file, 'cp3')
    const { changes } = await planned(handbook('remove', 'evcctl plan cluster.yaml', file()))
    const removal = changes.filter(({ role }) => role === 'remove-nodes')
    expect(removal.map(({ host, title }) => [host, title])).toEqual([
      ['cp1', 'drain cp3'],
      ['cp1', 'etcd member of cp3'],
      ['cp1', 'Node cp3'],
    ])
    expect(removal[1]!.fields[0]).toMatchObject({
      before: '2 of 3 voting members answer, 2 needed',
      after: '2 of 2 voting members answer, 2 needed',
    })
    await expectApplied(handbook('remove', 'evcctl apply cluster.yaml --yes', file()))
    expect(await nodes()).toEqual(['cp1', 'cp2', 'w1', 'w2'])
    expect(await etcdMembers(cluster, 'cp1')).toEqual([
      ['cp1', true],
      ['cp2', true],
    ])
  })

  test('loses its first control plane node, which is a node like any other', async () => {
    await setAbsent(cluster.file, 'cp1')
    await expectApplied()
    expect(await nodes()).toEqual(['cp2', 'w1', 'w2'])
    expect(await etcdMembers(cluster, 'cp2')).toEqual([['cp2', true]])
    const left = await cluster.hosts.exec(
      'cp1',
      'ls /etc/kubernetes/*.conf /etc/kubernetes/manifests/*.yaml /var/lib/etcd/member; systemctl is-enabled kubelet; systemctl is-active kubelet',
    )
    expect(left.stdout.trim().split('\n')).toEqual(['disabled', 'inactive'])
  })

  test('does not lose its last control plane node', async () => {
    const before = await run('plan', cluster.file)
    expect(before.exitCode).toBe(0)
    await setAbsent(cluster.file, 'cp2')
    const outcome = await run('plan', cluster.file)
    expect(outcome.exitCode).not.toBe(0)
    expect(outcome.stderr).toContain('No control plane node would be left')
    await setAbsent(cluster.file, 'cp2', false)
  })

  test('keeps a worker whose pod a PodDisruptionBudget holds, says so, and leaves it cordoned', async () => {
    await kubectl('patch', 'poddisruptionbudget', 'web', '--type=merge', '--patch', '{"spec":{"minAvailable":2}}')
    await waitUntil('the budget allows none', async () => {
      return (await kubectl('get', 'pdb', 'web', '-o', 'jsonpath={.status.disruptionsAllowed}')) === '0'
    })
    await setAbsent(cluster.file, 'w1')
    await editClusterFile(cluster.file, document => document.setIn(['spec', 'rollout', 'drain', 'timeout'], '20s'))
    const { changes } = await planned()
    expect(changes.find(({ title }) => title === 'drain w1')?.note).toMatch(
      /^cordon, drain \(\d pods?; blocked by PodDisruptionBudget default\/web: 0 allowed, keeps default\/web-\S+( default\/web-\S+)?\)$/,
    )
    const outcome = await run(...applying())
    expect(outcome.exitCode).toBe(1)
    expect(failuresOf(outcome).join()).toMatch(/w1 was not drained within 20 s. It stays cordoned/)
    expect(failuresOf(outcome).join()).toMatch(
      /blocked by PodDisruptionBudget default\/web: 0 allowed, keeps default\/web-/,
    )
    const lines = eventsOf(outcome).flatMap(event => (event.type === 'task:output' ? [event.line] : []))
    expect(lines.join('\n')).toMatch(/[12] pods? left, 0 min \d+ s before evcctl gives up: default\/web-/)
    const w1 = JSON.parse(await kubectl('get', 'node', 'w1', '-o', 'json'))
    expect([w1.spec.unschedulable, w1.metadata.annotations['evcctl.dev/cordoned-by']]).toEqual([true, 'evcctl'])
  })

  test('loses it when the budget allows it, also after a run that was killed in the middle', async () => {
    const killed = startEvcctl(applying(), cluster.env)
    await killed.event(event => event.type === 'task:start' && event.title === 'drain w1')
    killed.child.kill('SIGKILL')
    await killed.ended
    await kubectl('patch', 'poddisruptionbudget', 'web', '--type=merge', '--patch', '{"spec":{"minAvailable":1}}')
    await editClusterFile(cluster.file, document => document.deleteIn(['spec', 'rollout']))
    await expectApplied()
    expect(await nodes()).toEqual(['cp2', 'w2'])
    const left = await cluster.hosts.exec('w1', 'ls /etc/kubernetes/kubelet.conf; systemctl is-active kubelet')
    expect(left.stdout.trim()).toBe('inactive')
  })

  test('has served all the time', async () => {
    const { asked, failed } = await client.stop()
    console.log(`${asked} requests of a Service, ${failed.length} failed`)
    expect(asked).toBeGreaterThan(500)
    expect(failed).toEqual([])
  })

  test('has kept all that an API server has acknowledged', async () => {
    const { acknowledged, failedAttempts, lost } = await writer.stop()
    console.log(`${acknowledged.length} writes acknowledged, ${failedAttempts} attempts failed, ${lost.length} lost`)
    expect(acknowledged.length).toBeGreaterThan(1000)
    expect(lost).toEqual([])
  })

  test('does not return a node to service that its user has cordoned', async () => {
    await kubectl('cordon', 'w2')
    await expectNoChanges()
    await kubectl('uncordon', 'w2')
  })

  test('takes a host back that has left', async () => {
    await setAbsent(cluster.file, 'w1', false)
    await expectApplied()
    await waitUntil('w1 is Ready', async () => /^w1 +Ready /m.test(await kubectl('get', 'nodes')))
  })

  test('loses a host that is reset, which is as it was before the cluster', async () => {
    const names = { w3: 'w1', ...file() }
    await before.expectReset(
      cluster,
      handbook('reset', 'evcctl reset cluster.yaml w3 --yes lab', { ...names, lab: cluster.hosts.name }),
      handbook('reset', 'evcctl reset cluster.yaml w3 --dry-run', names),
    )
    expect(await before.strange('w1')).toEqual([])
    expect(await nodes()).toEqual(['cp2', 'w2'])
  })

  test('goes as a whole, also after a run that was killed: hosts are as they were, and a dead one is named', async () => {
    const all = handbook('reset', 'evcctl reset cluster.yaml --all --yes lab', { ...file(), lab: cluster.hosts.name })
    const killed = startEvcctl([...all, '--output', 'json'], cluster.env)
    await killed.event(event => event.type === 'task:start' && event.title.includes('containerd'))
    killed.child.kill('SIGKILL')
    await killed.ended
    await before.expectReset(cluster, all, handbook('reset', 'evcctl reset cluster.yaml --all --dry-run', file()), 4)
    for (const name of ['cp1', 'cp2', 'w1', 'w2']) {
      // What the kubectl of this test has kept.
      await cluster.hosts.exec(name, 'rm -rf /root/.kube')
      expect([name, await before.strange(name)]).toEqual([name, []])
    }
  })

  test('leaves hosts on which another cluster can be made', async () => {
    await editClusterFile(cluster.file, document => {
      document.setIn(['metadata', 'name'], 'second')
      const hosts = document.getIn(['spec', 'hosts']) as YAMLSeq<YAMLMap>
      hosts.items = hosts.items.filter(item => ['cp2', 'w2'].includes(String(item.get('name'))))
    })
    await expectApplied()
    expect(await nodes()).toEqual(['cp2', 'w2'])
  })
})
