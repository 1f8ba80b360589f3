import { basename } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { formerVersion } from '../kit/former-version.ts'
import { ensureMirror } from '../kit/mirror.ts'
import { mirrorOptions, startCluster, type TestCluster, upgradeFile } from '../kubernetes/kit/cluster.ts'
import { isHealthy, waitUntil } from '../kubernetes/kit/control-plane.ts'
import { evcctl, eventsOf, failuresOf } from '../kubernetes/kit/evcctl.ts'
import { type UpgradedNode, upgradedNode } from './kit/upgraded-node.ts'

let cluster: TestCluster
let version: string

async function sh(command: string): Promise<string> {
  const { exitCode, stdout, stderr } = await cluster.hosts.exec('cp1', command)
  if (exitCode !== 0) throw new Error(`${command}: ${stderr}${stdout}`)
  return stdout
}

/** Makes a cluster of one node with the former minor. */
async function make(): Promise<void> {
  cluster = await startCluster({ hosts: '1+0', kubernetes: formerVersion })
  const outcome = await evcctl(['apply', cluster.file, '--yes', '--output', 'json'], cluster.env)
  expect([outcome.exitCode, failuresOf(outcome)]).toEqual([0, []])
  await waitUntil('healthy', () => isHealthy(cluster))
}

/** As its handbook says, with the images loaded before. Returns the time that `kubeadm upgrade apply` takes, ms. */
async function upgradeWithKubeadm(): Promise<number> {
  const mirror = await ensureMirror()
  version = mirror.versions.kubernetes
  const { archives = [] } = mirrorOptions(mirror, cluster.mirrorUrl)
  for (const { url } of archives)
    await sh(`curl -fsS '${url}' | ctr -n k8s.io images import - >/dev/null # ${basename(url)}`)
  await sh(
    `curl -fsS -o /usr/local/bin/kubeadm.new '${cluster.mirrorUrl}/dl.k8s.io/release/v${version}/bin/linux/amd64/kubeadm'
chmod 755 /usr/local/bin/kubeadm.new; mv -f /usr/local/bin/kubeadm.new /usr/local/bin/kubeadm`,
  )
  const began = performance.now()
  await sh(`kubeadm upgrade apply v${version} --yes --ignore-preflight-errors=all`)
  return performance.now() - began
}

/** Returns the time of the task that renews certificates, replaces the static pods and waits until all serve, ms. */
async function upgradeWithEvcctl(): Promise<number> {
  await upgradeFile(cluster)
  const outcome = await evcctl(['apply', cluster.file, '--yes', '--output', 'json'], cluster.env)
  expect([outcome.exitCode, failuresOf(outcome)]).toEqual([0, []])
  const [end] = eventsOf(outcome).filter(event => event.type === 'task:end' && event.title === 'kubeadm configuration')
  if (end === undefined || !('ms' in end)) throw new Error('the static pods did not change')
  return end.ms as number
}

beforeAll(make)
afterAll(() => cluster?.[Symbol.asyncDispose]())

test('an upgraded control plane node has the files and objects that kubeadm itself gives it, in less time', {
  timeout: 1_800_000,
}, async () => {
  const kubeadmMs = await upgradeWithKubeadm()
  const wanted = await upgradedNode(cluster)
  await cluster[Symbol.asyncDispose]()
  await make()
  const ms = await upgradeWithEvcctl()
  const actual = await upgradedNode(cluster)
  const seconds = (value: number) => (value / 1000).toFixed(1)
  console.log(
    `kubeadm upgrade apply: ${seconds(kubeadmMs)} s; evcctl: ${seconds(ms)} s; ratio ${(ms / kubeadmMs).toFixed(3)}`,
  )
  expect(differing(wanted, actual)).toEqual([])
})

function differing(wanted: UpgradedNode, actual: UpgradedNode): readonly unknown[] {
  const names = new Set([...wanted.keys(), ...actual.keys()])
  return [...names].sort().flatMap(name => {
    const [one, other] = [wanted.get(name), actual.get(name)]
    return JSON.stringify(one) === JSON.stringify(other) ? [] : [{ name, kubeadm: one, evcctl: other }]
  })
}
