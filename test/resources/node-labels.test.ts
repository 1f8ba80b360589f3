import { describe, expect, test } from 'vitest'
import type { Change, ProbeResult } from '../../src/core/index.ts'
import { nodeLabels } from '../../src/resources/api/node-labels.ts'
import { kubeadmApi } from '../../src/resources/kubeadm/api-access.ts'
import { absent, nodesAnswered, unreachable } from './api-given.ts'

const gpu = { key: 'evc.example/gpu', value: 'yes', effect: 'NoSchedule' }
const controlPlane = { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }

function wanted(given: Partial<Parameters<typeof nodeLabels>[0]> = {}) {
  return nodeLabels({
    api: kubeadmApi,
    node: 'w1',
    labels: { 'evc.example/camera': 'north' },
    taints: [],
    managedTaints: [],
    ...given,
  })
}

interface Node {
  readonly labels?: Record<string, string>
  readonly annotations?: Record<string, string>
  readonly taints?: readonly object[]
}

function nodes(node: Node | undefined): ProbeResult {
  const other = { metadata: { name: 'w10', labels: { a: 'b' } }, spec: {} }
  if (node === undefined) return nodesAnswered(other)
  const { taints, ...metadata } = node
  return nodesAnswered(other, { metadata: { name: 'w1', ...metadata }, spec: taints === undefined ? {} : { taints } })
}

function diff(resource: ReturnType<typeof wanted>, raw: ProbeResult): Change | undefined {
  return resource.diff(resource.probe.parse(raw), resource.desired as never, { watched: [] })
}

const owning = { annotations: { 'evcctl.dev/owned-labels': 'evc.example/camera' } }
const north = { 'evc.example/camera': 'north', 'kubernetes.io/arch': 'amd64' }

describe('labels and taints', () => {
  test.each<[string, Parameters<typeof wanted>[0], Node | undefined, readonly string[]]>([
    ['as wanted', {}, { labels: north, ...owning }, []],
    ['of a node that is not there yet', {}, undefined, ['label evc.example/camera:  → north']],
    [
      'another value',
      {},
      { labels: { 'evc.example/camera': 'south' }, ...owning },
      ['label evc.example/camera: south → north'],
    ],
    [
      'one that evcctl set and is no longer wanted',
      { labels: {} },
      { labels: north, ...owning },
      ['label evc.example/camera: north → '],
    ],
    ['one that somebody else set', { labels: {} }, { labels: north }, []],
    [
      'one that somebody else set, and is wanted now',
      {},
      { labels: north },
      ['annotation evcctl.dev/owned-labels:  → evc.example/camera'],
    ],
    ['a taint', { labels: {}, taints: [gpu] }, {}, ['taint:  → evc.example/gpu=yes:NoSchedule']],
    [
      'a taint of another value',
      { labels: {}, taints: [gpu] },
      { taints: [{ ...gpu, value: 'no' }], annotations: { 'evcctl.dev/owned-taints': 'evc.example/gpu' } },
      ['taint: evc.example/gpu=no:NoSchedule → evc.example/gpu=yes:NoSchedule'],
    ],
    [
      'a taint that evcctl set',
      { labels: {} },
      { taints: [gpu], annotations: { 'evcctl.dev/owned-taints': 'evc.example/gpu' } },
      ['taint: evc.example/gpu=yes:NoSchedule → '],
    ],
    ['a taint that somebody else set', { labels: {} }, { taints: [gpu] }, []],
    [
      "kubeadm's taint, wanted",
      { labels: {}, taints: [controlPlane], managedTaints: [controlPlane.key] },
      { taints: [controlPlane] },
      [],
    ],
    [
      "kubeadm's taint on a node that becomes a worker too",
      { labels: {}, managedTaints: [controlPlane.key] },
      { taints: [controlPlane] },
      ['taint: node-role.kubernetes.io/control-plane:NoSchedule → '],
    ],
  ])('change only where they are wanted or evcctl has set them: %s', (_what, given, node, fields) => {
    const found = diff(wanted(given), nodes(node))?.fields ?? []
    expect(found.map(({ field, before = '', after = '' }) => `${field}: ${before} → ${after}`)).toEqual(fields)
  })

  test('are asked for with one script for all nodes', () => {
    expect(wanted({ node: 'w2' }).probe.script).toBe(wanted().probe.script)
  })

  test('of an API server that does not answer cannot be compared, and that is said', () => {
    expect(diff(wanted(), unreachable)).toEqual({
      action: 'update',
      fields: [],
      note: 'the API server does not answer, so they cannot be compared: Failed to connect to 127.0.0.1 port 7443 after 0 ms: Connection refused',
    })
    expect(diff(wanted(), absent)?.action).toBe('create')
  })

  test('are written so that what evcctl owns is known whenever it is cut off', async () => {
    const resource = wanted({ taints: [gpu] })
    const current = resource.probe.parse(
      nodes({
        labels: { old: '1' },
        taints: [controlPlane],
        annotations: { 'evcctl.dev/owned-labels': 'old' },
      }),
    )
    const steps = resource.converge(current, resource.desired as never)
    const last = steps.at(-1)
    if (last === undefined || !('run' in last)) throw new Error('expected a run step')
    await expect(last.run).toMatchFileSnapshot('../goldens/resources/node-labels.sh')
  })
})
