import { describe, expect, test } from 'vitest'
import { kubeadm } from '../../distributions/kubeadm/index.ts'
import { upgradeReport } from '../../src/cli/run/upgrade-report.ts'
import type { HostFacts, ProbeResult } from '../../src/index.ts'
import { inventoryOf } from '../../src/index.ts'
import { createPaint } from '../../src/report/index.ts'
import { upgradeLines } from '../../src/report/upgrade-report.ts'
import { clusterGraph, factsOf, specOf } from '../playbooks/given.ts'
import { nodesAnswered, unreachable } from '../resources/api-given.ts'
import { budgetRow, podRow } from '../resources/drain-given.ts'

const hosts = [
  { name: 'cp1', address: '192.0.2.11', roles: ['control-plane'] },
  { name: 'w1', address: '192.0.2.21', roles: ['worker'] },
]
const day = 24 * 60 * 60 * 1000
const now = Date.UTC(2026, 10, 29)

function facts(version: string): ReadonlyMap<string, HostFacts> {
  return new Map(
    hosts.map(({ name, address, roles }) => {
      const isServer = roles.includes('control-plane')
      const own = isServer ? { apiServer: version } : {}
      const kubernetes = { kubeletConf: true, adminConf: isServer, controlPlane: isServer, kubelet: version, ...own }
      const path = '/etc/kubernetes/pki/apiserver.crt'
      const certificates = isServer ? [{ path, ca: false, validFrom: now - day, validTo: now + 20.5 * day }] : []
      return [name, { ...factsOf(name, address, { kubernetes }), certificates }]
    }),
  )
}

interface Given {
  readonly version?: string
  readonly check: ProbeResult
  readonly drain?: ProbeResult
  readonly ignore?: readonly string[]
}

function report({ version = '1.35.8', check, drain = check, ignore = [] }: Given) {
  const spec = specOf({ hosts, kubernetes: { version: '1.36.4' }, preflight: { ignore } })
  const known = facts(version)
  const graph = clusterGraph(spec, known)
  const snapshots = new Map(
    [...graph.tasks].map(([id, { resource }]) => [
      id,
      resource.kind === 'upgrade check' || resource.kind === 'drain'
        ? { current: resource.probe.parse(resource.kind === 'drain' ? drain : check) }
        : { error: { problem: 'not asked' } },
    ]),
  )
  return upgradeReport(inventoryOf(spec, kubeadm, known), { graph, snapshots }, now)
}

function texts(given: Given): string {
  const found = report(given)
  return found === undefined ? '' : upgradeLines(found, createPaint(false)).join('\n')
}

const node = (name: string, more: object = {}, ready = 'True') => ({
  metadata: { name },
  spec: more,
  status: { conditions: [{ type: 'Ready', status: ready }] },
})
const nodes = (...all: readonly object[]): ProbeResult => {
  const raw = nodesAnswered(...all)
  return { ...raw, stdout: `${raw.stdout}etcd=ok\nmetrics=answered\npods=answered\n` }
}
const well = nodes(node('cp1'), node('w1'))
const also = (raw: ProbeResult, ...lines: readonly string[]) => ({
  ...raw,
  stdout: `${raw.stdout}${lines.join('\n')}\n`,
})

test('there is no report before an upgrade where the file asks for an older version, which is refused', () => {
  expect(report({ version: '1.37.2', check: well })).toBeUndefined()
})

test('the report before an upgrade tells what was looked at, and how long it may take', () => {
  expect(texts({ check: well })).toBe(`Before the upgrade from 1.35.8 to 1.36.4:
  ✔ nodes         2 nodes, all Ready
  ✔ APIs          no client has used one that 1.36.4 removes, since this API server was started
  ✔ etcd          the API server reaches it; all hosts of its 1 member answer
  ✔ drains        2 nodes; no PodDisruptionBudget holds a pod now
  ✔ certificates  /etc/kubernetes/pki/apiserver.crt of cp1 expires in 20 days; the upgrade renews it
    time          about 1 min 10 s: 1 control plane node of 45 s, 1 batch of workers of 25 s, as measured on a machine with two cores; downloads, and pods that end slowly, come on top`)
})

test('it tells the minors that the control plane goes through, and counts their time', () => {
  const text = texts({ check: well, version: '1.34.11' })
  expect(text).toContain('Before the upgrade from 1.34.11 to 1.36.4, the control plane through 1.35.8:\n')
  expect(text).toMatch(
    /time +about 1 min 25 s: 1 step of 15 s through minors on the way, 1 control plane node of 45 s,/,
  )
})

test('there is none where no node gets another version', () => {
  expect(report({ check: well, version: '1.36.4' })).toBeUndefined()
})

describe('the report before an upgrade', () => {
  test('names the PodDisruptionBudgets that hold a drain, their pods, and what comes of it', () => {
    const drain = also(well, podRow({ name: 'web-1', node: 'w1' }), budgetRow({}))
    expect(report({ check: well, drain })?.remarks.find(({ about }) => about === 'drains')).toEqual({
      is: 'warning',
      about: 'drains',
      text: 'w1: PodDisruptionBudget shop/web: 0 allowed, keeps shop/web-1\nAs things are, a drain waits 5 min 0 s for that, and then the upgrade stops there.',
    })
  })

  test('tells nodes that are not Ready, or that somebody has cordoned', () => {
    const check = nodes(node('cp1', { unschedulable: true }), node('w1', {}, 'Unknown'))
    expect(texts({ check })).toContain('✘ nodes         cp1, a control plane node, was cordoned by somebody\n')
    expect(texts({ check })).toContain('! nodes         not Ready: w1\n')
    expect(texts({ check, ignore: ['upgradeNodes'] })).toContain(
      '! nodes         cp1, a control plane node, was cordoned by somebody; ignored\n',
    )
  })

  test('tells APIs in use: those that the version removes, and those that a later one does', () => {
    const uses = (removed: string) =>
      also(
        well,
        `requested={group="batch",removed_release="${removed}",resource="jobs",subresource="",version="v1beta1"} 1`,
      )
    expect(texts({ check: uses('1.36') })).toContain(
      '✘ APIs          clients use jobs.v1beta1.batch, which Kubernetes 1.36 removes\n',
    )
    expect(texts({ check: uses('1.38') })).toContain('removed later: jobs.v1beta1.batch (until 1.38)\n')
  })

  test('says what is not known because the API server is silent, or was in part', () => {
    expect(texts({ check: unreachable })).toMatch(
      /\? cluster .*did not answer in time.*: Failed to connect to 127.0.0.1/,
    )
    expect(texts({ check: unreachable })).toContain('? drains        the pods are not known of cp1, w1\n')
    const part = { ...well, stdout: well.stdout.replace('metrics=answered\n', '') }
    expect(texts({ check: part })).toContain('? APIs          the API server did not tell in time')
  })

  test('warns of an etcd that the API server does not reach', () => {
    const check = { ...well, stdout: well.stdout.replace('etcd=ok\n', '') }
    expect(texts({ check })).toContain('! etcd          the API server does not reach it;')
  })

  test('counts no drains where a node keeps its minor', () => {
    expect(texts({ check: well, version: '1.36.3' })).toContain('✔ drains        no node is drained\n')
  })
})
