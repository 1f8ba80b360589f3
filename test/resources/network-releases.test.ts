import { describe, expect, test } from 'vitest'
import { kubeadm } from '../../distributions/kubeadm/index.ts'
import type { ProbeResult } from '../../src/core/index.ts'
import { helmRelease } from '../../src/resources/api/helm-release.ts'
import { kustomization } from '../../src/resources/api/kustomization.ts'
import { settledNetwork } from '../../src/resources/api/settled-network.ts'
import { kubeadmApi } from '../../src/resources/kubeadm/api-access.ts'
import { absent, answered, unreachable } from './api-given.ts'

const context = { watched: [] }

/** What kubectl told of a release. */
const told = (text: string): ProbeResult => ({ exitCode: 0, stdout: `api=answered\n${text}`, stderr: '' })
const noCluster: ProbeResult = { exitCode: 0, stdout: 'api=absent\n', stderr: '' }
const silence: ProbeResult = { exitCode: 0, stdout: 'api=unreachable\n', stderr: 'connection refused' }

describe('a Helm release', () => {
  const sha256 = { chart: 'c'.repeat(64), values: 'd'.repeat(64) }
  const resource = helmRelease({
    api: kubeadmApi,
    name: 'cilium',
    namespace: 'kube-system',
    helm: '/usr/local/bin/helm',
    chart: { path: '/etc/evcctl/cilium/chart.tgz', version: '1.20.0', sha256: sha256.chart },
    values: { path: '/etc/evcctl/cilium/values.yaml', sha256: sha256.values },
  })
  const desired = { chart: 'c'.repeat(32), values: 'd'.repeat(32) }
  const row = (revision: number, status: string, chart = desired.chart, values = desired.values, made = revision) =>
    `${revision}\t${status}\t${chart}\t${values}\t${made}\n`
  const changeFor = (raw: ProbeResult) => resource.diff(resource.probe.parse(raw), desired, context)

  test.each<[string, ProbeResult, object | undefined]>([
    ['the one that evcctl made', told(`${row(2, 'deployed')}`), undefined],
    ['the newest of several', told(`${row(1, 'superseded', 'old')}${row(10, 'deployed')}`), undefined],
    ['none', told(''), { action: 'create', fields: [{ field: 'chart', after: 'cilium 1.20.0' }] }],
    ['of no cluster yet', noCluster, { action: 'create' }],
    ['an API that does not answer', silence, { action: 'update', fields: [] }],
    [
      'another chart',
      told(`${row(1, 'deployed', 'a'.repeat(32))}`),
      { fields: [{ field: 'chart', before: 'sha256 aaaaaaaa…', after: 'sha256 cccccccc…' }] },
    ],
    [
      'other values',
      told(`${row(1, 'deployed', desired.chart, '')}`),
      { fields: [{ field: 'values', before: 'not of evcctl', after: 'sha256 dddddddd…' }] },
    ],
    [
      'one that was cut off',
      told(`${row(1, 'superseded')}${row(2, 'pending-upgrade')}`),
      { fields: [{ field: 'status', before: 'pending-upgrade' }] },
    ],
    [
      "somebody else's with the same labels",
      told(row(3, 'deployed', desired.chart, desired.values, 2)),
      { fields: [{ field: 'revision', before: '3, not made by evcctl', after: 'one made by evcctl' }] },
    ],
  ])('is compared by its newest revision: %s', (_what, raw, change) => {
    if (change === undefined) expect(changeFor(raw)).toBeUndefined()
    else expect(changeFor(raw)).toMatchObject(change)
  })
})

describe('a kustomization', () => {
  const metadata = { name: 'calico-node', namespace: 'kube-system' }
  const carrier = { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata }
  const path = '/apis/apps/v1/namespaces/kube-system/daemonsets/calico-node'
  const found = (annotations?: object) =>
    answered({ [path]: { metadata: { ...metadata, ...(annotations && { annotations }) } } })
  const configured = (configuration: string) => found({ 'evcctl.dev/configuration': configuration })
  const resource = kustomization({
    api: kubeadmApi,
    name: 'calico',
    folder: '/etc/evcctl/calico',
    carrier,
    configuration: 'new',
  })
  const changeFor = (raw: ProbeResult) => resource.diff(resource.probe.parse(raw), { configuration: 'new' }, context)

  test.each<[string, ProbeResult, object | undefined]>([
    ['that was applied', configured('new'), undefined],
    ['of another configuration', configured('old'), { action: 'update', fields: [{ before: 'old', after: 'new' }] }],
    [
      'that somebody else applied',
      found(),
      { action: 'update', fields: [{ before: 'not known: cut off, or not of evcctl' }] },
    ],
    ['that is not there', answered({ [path]: undefined }), { action: 'create' }],
    ['of no cluster yet', absent, { action: 'create' }],
    ['of an API that does not answer', unreachable, { action: 'update', fields: [] }],
  ])('is compared by what it was made of: one %s', (_what, raw, change) => {
    if (change === undefined) expect(changeFor(raw)).toBeUndefined()
    else expect(changeFor(raw)).toMatchObject(change)
  })
})

describe('the network of a standing cluster', () => {
  const changeOf = (cni: string, raw: ProbeResult, kubeProxy?: boolean) => {
    const resource = settledNetwork({
      api: kubeadmApi,
      installKubeProxy: kubeadm.byHand.installKubeProxy,
      cni,
      file: 'cluster.yaml',
      ...(kubeProxy === undefined ? {} : { kubeProxy }),
    })
    return resource.diff(resource.probe.parse(raw), { cni }, context)
  }
  const refusal = (...given: Parameters<typeof changeOf>) => changeOf(...given)?.refused
  const standing = (...daemonSets: readonly string[]) => {
    const asked = ['kube-flannel/kube-flannel-ds', 'kube-system/calico-node', 'calico-system/calico-node']
    const all = [...asked, 'kube-system/cilium', 'kube-system/kube-proxy'].map(name => {
      const [namespace, daemonSet] = name.split('/')
      return [
        `/apis/apps/v1/namespaces/${namespace}/daemonsets/${daemonSet}`,
        daemonSets.includes(name) ? {} : undefined,
      ]
    })
    return answered(Object.fromEntries(all))
  }
  const flannel = standing('kube-flannel/kube-flannel-ds', 'kube-system/kube-proxy')
  const cilium = standing('kube-system/cilium')

  test('is not changed into another', () => {
    expect(refusal('cilium', flannel)).toMatchObject({
      expected: 'spec.network.cni: flannel',
      actual: 'spec.network.cni: cilium',
      next: expect.stringContaining('Set it back in cluster.yaml'),
    })
    expect(refusal('flannel', flannel)).toBeUndefined()
    expect(refusal('cilium', cilium, false)).toBeUndefined()
  })

  test('keeps kube-proxy, or does without, as it was made', () => {
    expect(refusal('cilium', cilium, true)?.expected).toBe('spec.network.cilium.kubeProxyReplacement: true')
    expect(refusal('cilium', standing('kube-system/cilium', 'kube-system/kube-proxy'), false)?.actual).toBe(
      'spec.network.cilium.kubeProxyReplacement: true',
    )
  })

  test('is nothing yet on bare hosts', () => {
    for (const raw of [absent, standing(), standing('kube-system/kube-proxy')])
      expect(changeOf('cilium', raw, false)).toBeUndefined()
  })

  test('is not known where nobody answers: it is asked again before a network is written', () => {
    expect(changeOf('cilium', unreachable)).toMatchObject({ action: 'run', note: expect.stringContaining('asked') })
  })
})
