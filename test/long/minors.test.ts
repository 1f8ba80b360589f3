import { relative } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensureMirror } from '../kit/mirror.ts'
import { mirrorOptions, startCluster, type TestCluster } from '../kubernetes/kit/cluster.ts'
import { isHealthy, waitUntil } from '../kubernetes/kit/control-plane.ts'
import { editClusterFile } from '../kubernetes/kit/edit-cluster-file.ts'
import { evcctl, eventsOf, failuresOf, startEvcctl } from '../kubernetes/kit/evcctl.ts'

const [former, between, wanted] = ['1.35.8', '1.36.4', '1.37.2']
const servers = ['cp1', 'cp2', 'cp3']
const all = [...servers, 'w1']

let cluster: TestCluster

async function sh(host: string, command: string): Promise<string> {
  const { exitCode, stdout, stderr } = await cluster.hosts.exec(host, command)
  if (exitCode !== 0) throw new Error(`${host}: ${command}: ${stderr}${stdout}`)
  return stdout.trim()
}

const run = (...args: readonly string[]) => evcctl(args, cluster.env)
const imageOf = (host: string, component: string) =>
  sh(host, `sed -n 's/^ *image: .*://p' /etc/kubernetes/manifests/${component}.yaml`)

/** Sets the wanted version, with its images and those of the control plane of the version between. */
async function wantNewest(): Promise<void> {
  const newest = await ensureMirror({ kubernetes: wanted })
  const passed = await ensureMirror({ kubernetes: between })
  const { archives = [] } = mirrorOptions(newest, cluster.mirrorUrl)
  const more = passed.images
    .filter(({ controlPlaneOnly, file }) => controlPlaneOnly || /\/pause-[^/]*$/.test(file))
    .map(({ file, sha256 }) => ({
      url: `${cluster.mirrorUrl}/${relative(passed.folder, file)}`,
      sha256,
      roles: ['control-plane'],
    }))
    .filter(({ url }) => !archives.some(one => one.url === url))
  await editClusterFile(cluster.file, document => {
    document.setIn(['spec', 'kubernetes', 'version'], wanted)
    document.setIn(['spec', 'images', 'archives'], document.createNode([...archives, ...more]))
  })
}

interface PlannedChange {
  readonly host: string
  readonly title: string
}

async function plannedPasses(): Promise<readonly string[]> {
  const { stdout, stderr } = await run('plan', cluster.file, '--output', 'json')
  expect(stderr).toBe('')
  const { changes, upgrade } = JSON.parse(stdout.split('\n').find(line => line.startsWith('{"type":"plan"'))!)
  expect(upgrade).toMatchObject({ through: [between], to: wanted })
  return (changes as readonly PlannedChange[])
    .filter(({ title }) => title === `control plane to ${between} on the way to ${wanted}`)
    .map(({ host }) => host)
}

beforeAll(async () => {
  cluster = await startCluster({ hosts: '3+1', kubernetes: former })
  const made = await run('apply', cluster.file, '--yes', '--output', 'json')
  expect([made.exitCode, failuresOf(made)]).toEqual([0, []])
  await waitUntil('healthy', () => isHealthy(cluster))
  await cluster.kubectl('create', 'configmap', 'before', '--from-literal=made=before')
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

test('a cluster goes over two minors with one file, though a run is killed on the way', {
  timeout: 2_400_000,
}, async () => {
  await wantNewest()
  expect(await plannedPasses()).toEqual(servers)
  const killed = startEvcctl(['apply', cluster.file, '--yes', '--output', 'json'], cluster.env)
  await killed.event(event => event.type === 'task:end' && event.host === 'cp1' && event.title.includes('on the way'))
  killed.child.kill('SIGKILL')
  await killed.ended
  await waitUntil('the next minor is left to the other nodes', async () => {
    const rest = (await plannedPasses()).join()
    return rest === 'cp2,cp3' || rest === 'cp3'
  })

  const began = performance.now()
  const applied = await run('apply', cluster.file, '--yes', '--output', 'json')
  expect([applied.exitCode, failuresOf(applied)]).toEqual([0, []])
  const ends = eventsOf(applied).filter(event => event.type === 'task:end')
  for (const { host, title, ms } of ends.filter(end => /on the way|kubeadm configuration/.test(end.title)))
    console.log(`${host} ${title}: ${((ms ?? 0) / 1000).toFixed(1)} s`)
  console.log(`apply: ${((performance.now() - began) / 1000).toFixed(0)} s`)
  expect(ends.filter(({ title }) => /^drain\b/.test(title)).map(({ title }) => title)).toEqual([
    'drain',
    ...['cp2', 'cp3', 'w1'].map(name => `drain ${name}`),
  ])

  const plan = await run('plan', cluster.file, '--exit-code')
  expect([plan.exitCode, plan.stdout]).toEqual([0, expect.stringContaining('No changes.')])
  await waitUntil('healthy', () => isHealthy(cluster))
  const { versions } = await ensureMirror({ kubernetes: wanted })
  expect(versions.kubernetes).toBe(wanted)
  for (const host of servers) {
    for (const component of ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'])
      expect([host, component, await imageOf(host, component)]).toEqual([host, component, `v${wanted}`])
    expect(await imageOf(host, 'etcd')).toMatch(/^3\.7\./)
    expect(await sh(host, 'ls /var/cache/evcctl')).toBe('')
  }
  const kubelets = await cluster.kubectl('get', 'nodes', '-o', 'jsonpath={.items[*].status.nodeInfo.kubeletVersion}')
  expect(kubelets.split(' ')).toEqual(all.map(() => `v${wanted}`))
  const stored = await cluster.kubectl(
    ...['get', 'configmap', 'kubeadm-config', '--namespace', 'kube-system'],
    ...['-o', 'jsonpath={.data.ClusterConfiguration}'],
  )
  expect(stored).toContain(`kubernetesVersion: v${wanted}\n`)
  expect(await cluster.kubectl('get', 'configmap', 'before', '-o', 'jsonpath={.data.made}')).toBe('before')
  expect(await cluster.kubectl('get', 'nodes', '-o', 'jsonpath={.items[*].spec.unschedulable}')).toBe('')
})
