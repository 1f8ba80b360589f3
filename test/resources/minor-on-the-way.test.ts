import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ProbeResult } from '../../src/core/index.ts'
import { clusterConfiguration, initConfiguration } from '../../src/resources/kubeadm/documents.ts'
import { minorOnTheWay } from '../../src/resources/kubeadm/minor-on-the-way.ts'
import { Sandbox } from './sandbox.ts'

const cluster = clusterConfiguration({
  name: 'edge',
  version: '1.37.2',
  endpoint: '127.0.0.1:7443',
  certSANs: [],
  podCIDR: '10.244.0.0/16',
  serviceCIDR: '10.96.0.0/12',
  nodePrefix: 24,
  clusterDomain: 'cluster.local',
  patch: {},
})
const node = { name: 'cp1', address: '192.0.2.11', criSocket: 'unix:///run/containerd/containerd.sock', taints: [] }
const init = initConfiguration({ ...node, bindPort: 6443, ignorePreflightErrors: [], patch: {} })

const passing = (etcd?: object) =>
  minorOnTheWay({
    version: '1.36.4',
    target: '1.37.2',
    kubeadm: 'a'.repeat(64),
    init,
    cluster: etcd === undefined ? cluster : { ...cluster, etcd },
    store: 'containerd',
    advertiseAddress: '192.0.2.11',
    bindPort: 6443,
  })

const base64 = (text: string) => Buffer.from(text).toString('base64')
const recorded = { cluster: { kubernetesVersion: 'v1.35.8' }, kubelet: { maxPods: 50 } }

function raw(version: string, ...more: readonly string[]): ProbeResult {
  const lines = ['joined=yes', `record=${base64(JSON.stringify(recorded))}`, `version=${version}`, ...more]
  return { exitCode: 0, stdout: `${lines.join('\n')}\n`, stderr: '' }
}

const changeOf = (given: ProbeResult, resource = passing()) =>
  resource.diff(resource.probe.parse(given), resource.desired as never, { watched: [] })
const stepsOf = (given: ProbeResult, resource = passing()) =>
  resource.converge(resource.probe.parse(given), resource.desired as never)

describe('a minor on the way', () => {
  test('is shown with the version that the node has', () => {
    expect(changeOf(raw('1.35.8'))).toEqual({
      action: 'update',
      fields: [{ field: 'kubernetesVersion', before: 'v1.35.8', after: 'v1.36.4' }],
    })
  })

  test.each(['1.36.0', '1.36.4', '1.37.2'])('is behind a node that has %s', version => {
    expect(changeOf(raw(version))).toBeUndefined()
  })

  test('is nothing for a host that is no control plane node', () => {
    expect(changeOf({ exitCode: 0, stdout: '', stderr: '' })).toBeUndefined()
  })

  test('tells a change that was cut off, and puts the former manifests back first', () => {
    const given = raw('1.35.8', 'cutOff=control plane')
    expect(changeOf(given)?.fields[0]).toEqual({
      field: 'control plane',
      before: 'cut off while it was changed',
      after: 'as wanted',
    })
    const texts = stepsOf(given).map(step => ('run' in step ? step.run : ''))
    const back = texts.findIndex(text => text.includes('putting back the manifests'))
    expect(back).toBeGreaterThanOrEqual(0)
    expect(back).toBeLessThan(texts.findIndex(text => text.includes('init phase control-plane all')))
  })

  test('records what the static pods are made with, and of the rest what was there', () => {
    const record = stepsOf(raw('1.35.8')).find(step => 'write' in step && step.write.endsWith('.json'))
    expect(JSON.parse(String(record && 'content' in record ? record.content : ''))).toEqual({
      cluster: { ...cluster, kubernetesVersion: 'v1.36.4' },
      kubelet: { maxPods: 50 },
    })
  })

  test('leaves an external etcd as it is', () => {
    const external = { external: { endpoints: ['https://192.0.2.31:2379'] } }
    const scripts = (resource: ReturnType<typeof passing>) => JSON.stringify(stepsOf(raw('1.35.8'), resource))
    expect(scripts(passing(external))).not.toContain('init phase etcd local')
    expect(scripts(passing())).toContain('init phase etcd local')
  })

  test('says on which way it failed, and which images it needs', () => {
    const resource = passing()
    const step = stepsOf(raw('1.35.8')).find(one => 'run' in one && one.run.includes('config images pull'))!
    const failure = { step: 1, exitCode: 1, stdout: '', stderr: 'no such host' }
    expect(resource.explain?.(failure, resource.desired as never, step)).toMatchObject({
      problem: 'On the way to 1.37.2, the control plane does not get to 1.36.4. kubeadm config images failed.',
      actual: 'no such host',
      next: expect.stringContaining('spec.images.archives'),
    })
  })

  test('has a kubeadm of its own, which is gone at the end', async () => {
    const steps = stepsOf(raw('1.35.8'))
    const texts = steps.map(step => ('run' in step ? step.run : 'write' in step ? `${JSON.stringify(step)}\n` : ''))
    for (const text of texts.filter(one => /kubeadm (config|certs|init)/.test(one)))
      expect(text).toMatch(/^(PATH=\/var\/cache\/evcctl\/kubeadm-1\.36\.4:\$PATH\n|\{"write")/)
    const own = [...texts.slice(0, 2), ...texts.filter(one => one.includes('upload_version')), ...texts.slice(-1)]
    await expect(own.join('--- next step\n')).toMatchFileSnapshot('../goldens/resources/minor-on-the-way.sh')
  })
})

test('only the version of the ConfigMap kubeadm-config is written, though other fields end like it', async () => {
  const sandbox = new Sandbox()
  const bin = join(sandbox.root, 'bin')
  mkdirSync(bin, { recursive: true })
  const text = `apiServer:
  extraArgs:
  - name: note
    value: 'kubernetesVersion: v1.0.0'
kubernetesVersion: v1.35.8
networking: {}
`
  const stored = { metadata: { resourceVersion: '7' }, data: { ClusterConfiguration: text } }
  writeFileSync(`${bin}/stored.json`, JSON.stringify(stored, null, 4))
  const stub = `#!/bin/sh
case "$*" in
*get*) cat ${bin}/stored.json ;;
*replace*) cat >${bin}/replaced.json ;;
esac
`
  writeFileSync(`${bin}/kubectl`, stub, { mode: 0o755 })
  const step = stepsOf(raw('1.35.8')).find(one => 'run' in one && one.run.includes('upload_version'))
  const script = step !== undefined && 'run' in step ? step.run : ''
  const ended = await sandbox.sh(`set -eu\n${script.replaceAll('/usr/local/bin/kubectl', `${bin}/kubectl`)}`)
  expect(ended).toMatchObject({ exitCode: 0, stderr: '' })
  expect(JSON.parse(readFileSync(`${bin}/replaced.json`, 'utf8'))).toEqual({
    ...stored,
    data: { ClusterConfiguration: text.replace('v1.35.8', 'v1.36.4') },
  })
})
