import { describe, expect, test } from 'vitest'
import type { ProbeResult } from '../../src/core/index.ts'
import { clusterAddons } from '../../src/resources/kubeadm/cluster-addons.ts'
import { absent, answered, unreachable } from './api-given.ts'

const paths = {
  proxy: '/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy',
  dns: '/apis/apps/v1/namespaces/kube-system/deployments/coredns',
}
const workload = (image: unknown) => ({
  metadata: { name: 'x' },
  spec: { template: { spec: { containers: [{ image }] } } },
})
const there = (proxy: unknown, dns: unknown): ProbeResult =>
  answered({
    [paths.proxy]: proxy === undefined ? undefined : workload(proxy),
    [paths.dns]: dns === undefined ? undefined : workload(dns),
  })
const former = there('registry.k8s.io/kube-proxy:v1.35.8', 'registry.example:5000/mirror/coredns:v1.13.1')
const current = there('registry.k8s.io/kube-proxy:v1.36.4', 'registry.k8s.io/coredns/coredns:v1.14.2')

function wanted(
  versions: { 'kube-proxy'?: string; CoreDNS?: string } = { 'kube-proxy': 'v1.36.4', CoreDNS: 'v1.14.2' },
) {
  return clusterAddons({
    configuration: '/etc/evcctl/kubeadm.yaml',
    kubernetes: '1.36.4',
    versions: { 'kube-proxy': versions['kube-proxy'], CoreDNS: versions.CoreDNS },
  })
}

function changeOf(resource: ReturnType<typeof wanted>, raw: ProbeResult) {
  return resource.diff(resource.probe.parse(raw), resource.desired as never, { watched: [] })
}

function commands(resource: ReturnType<typeof wanted>, raw: ProbeResult): readonly string[] {
  const steps = resource.converge(resource.probe.parse(raw), resource.desired as never)
  return steps.flatMap(step =>
    'run' in step ? [...step.run.matchAll(/kubeadm .* phase [a-z0-9 .-]+/g)].map(String) : [],
  )
}

describe('the addons of kubeadm', () => {
  test('are as wanted where their images have the versions of the cluster, wherever these come from', () => {
    expect(changeOf(wanted(), current)).toBeUndefined()
  })

  test('get the versions of the cluster, the rights of bootstrap tokens first', () => {
    expect(changeOf(wanted(), former)).toEqual({
      action: 'update',
      fields: [
        { field: 'kube-proxy', before: 'v1.35.8', after: 'v1.36.4' },
        { field: 'CoreDNS', before: 'v1.13.1', after: 'v1.14.2' },
      ],
    })
    expect(commands(wanted(), former)).toEqual([
      'kubeadm upgrade apply phase bootstrap-token v1.36.4',
      'kubeadm init phase addon kube-proxy --config ',
      'kubeadm init phase addon coredns --config ',
    ])
  })

  test('are written alone where only one of them is of another version', () => {
    const one = there('registry.k8s.io/kube-proxy:v1.36.4', 'registry.k8s.io/coredns/coredns:v1.13.1')
    expect(commands(wanted(), one).slice(1)).toEqual(['kubeadm init phase addon coredns --config '])
  })

  test.each<[string, ProbeResult]>([
    ['are not there', there(undefined, undefined)],
    ['were replaced by others', there('quay.io/other/proxy:v1', 'docker.io/other/dns:9')],
    ['have images without a tag', there('registry.k8s.io/kube-proxy@sha256:ab', 7)],
  ])('that %s are left alone', (_what, raw) => {
    expect(changeOf(wanted(), raw)).toBeUndefined()
  })

  test('that kubeadm does not install are left alone', () => {
    expect(changeOf(wanted({}), former)).toBeUndefined()
  })

  test('are made by kubeadm init, and not known where no API server answers', () => {
    expect(changeOf(wanted(), absent)).toBeUndefined()
    expect(changeOf(wanted(), unreachable)).toMatchObject({ action: 'run' })
  })
})
