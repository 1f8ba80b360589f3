import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { expect } from 'vitest'
import type { YAMLMap, YAMLSeq } from 'yaml'
import { machineArch, writeImageArchive, writeLayer } from '../../kit/image-archive.ts'
import { type TestCluster, upgradeFile } from './cluster.ts'
import { kubectlOn, waitUntil } from './control-plane.ts'
import { editClusterFile } from './edit-cluster-file.ts'
import { evcctl, failuresOf, startEvcctl } from './evcctl.ts'

/** Sets the new version in cluster.yaml, with an image of the scheduler in which there is no scheduler. */
async function upgradeFileWithBrokenScheduler(cluster: TestCluster): Promise<void> {
  const version = await upgradeFile(cluster)
  const [content, archive] = ['nothing', 'kube-scheduler.tar'].map(name => join(cluster.folder, name)) as [
    string,
    string,
  ]
  await mkdir(content)
  await writeFile(join(content, 'file'), 'no program\n')
  const layer = await writeLayer(content, join(cluster.folder, 'layer'))
  const image = { ref: `registry.k8s.io/kube-scheduler:v${version}`, layers: [layer], config: {} }
  await writeImageArchive([image], machineArch(), archive)
  const sha256 = createHash('sha256')
    .update(await readFile(archive))
    .digest('hex')
  await editClusterFile(cluster.file, document => {
    const archives = document.getIn(['spec', 'images', 'archives']) as YAMLSeq<YAMLMap>
    archives.items = archives.items.filter(item => !String(item.get('url')).includes('kube-scheduler'))
    document.addIn(
      ['spec', 'images', 'archives'],
      document.createNode({ file: archive, sha256, roles: ['control-plane'] }),
    )
  })
}

/** Manifests and program of the kubelet of a node, by their digests. */
const nodeFiles = async ({ hosts }: TestCluster, node: string): Promise<string> =>
  (await hosts.exec(node, 'sha256sum /etc/kubernetes/manifests/*.yaml /usr/local/bin/kubelet')).stdout

/**
 * Upgrades the cluster with an image that does not start: the first control plane node gets its former manifests back, and
 * nothing changes on any other node. cluster.yaml then has the images that do start.
 */
export async function expectFailedUpgrade(cluster: TestCluster, servers: readonly string[]): Promise<void> {
  const versions = async () => {
    const asked = servers.map(server => kubectlOn(cluster, server, 'get', '--raw', '/version'))
    return (await Promise.all(asked)).map(text => (JSON.parse(text) as { readonly gitVersion: string }).gitVersion)
  }
  const names = cluster.hosts.hosts.map(({ name }) => name)
  const files = () => Promise.all(names.map(name => nodeFiles(cluster, name)))
  const before = { files: await files(), versions: await versions() }
  await upgradeFileWithBrokenScheduler(cluster)
  const began = Date.now()
  const outcome = await evcctl(['apply', cluster.file, '--yes', '--output', 'json'], { ...cluster.env })
  console.log(`an upgrade whose scheduler does not start ended after ${Math.round((Date.now() - began) / 1000)} s`)
  expect(outcome.exitCode).toBe(1)
  const failures = failuresOf(outcome)
  expect(failures).toEqual([expect.stringMatching(/^cp1 kubeadm configuration: .*kube-scheduler/)])
  await waitUntil(
    'all API servers have their former version',
    async () => isDeepStrictEqual(await versions(), before.versions),
    60,
  )
  expect(await files()).toEqual(before.files)
  const nodes = () => kubectlOn(cluster, servers[0]!, 'get', 'nodes', '--no-headers')
  expect(await nodes()).not.toContain('SchedulingDisabled')
  // A kubelet may have been silent while its API server was away.
  await waitUntil('all nodes are Ready', async () => (await nodes()).match(/ Ready /g)?.length === names.length, 60)
  // The kubelet tells of a mirror pod some time after its container runs.
  const pods = ['get', 'pods', '--namespace', 'kube-system', '--selector', 'component=kube-scheduler', '--no-headers']
  await waitUntil('all schedulers run', async () => {
    const shown = await kubectlOn(cluster, servers[0]!, ...pods)
    return shown.match(/ 1\/1 +Running /g)?.length === servers.length
  })
  await upgradeFile(cluster)
}

/** Begins an upgrade, and kills it some seconds after it has begun to replace the static pods of a node. */
export async function killUpgradeOf(cluster: TestCluster, node: string): Promise<void> {
  const killed = startEvcctl(['apply', cluster.file, '--yes', '--output', 'json'], { ...cluster.env })
  await killed.event(
    event => event.type === 'task:start' && event.host === node && event.title === 'kubeadm configuration',
  )
  const ms = Math.round(1000 + Math.random() * 8000)
  await new Promise(resolve => setTimeout(resolve, ms))
  killed.child.kill('SIGKILL')
  await killed.ended
  console.log(`the upgrade was killed ${ms} ms after it began with ${node}`)
}
