import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ProbeResult, TaskId } from '../../src/core/index.ts'
import { dnsPlacement, type ExpectedNode } from '../../src/resources/dns/placement.ts'
import { kubeadmApi } from '../../src/resources/kubeadm/api-access.ts'
import { absent, answered, unreachable } from './api-given.ts'
import { controlPlaneTaint, deployment, deploymentPath, dnsAnswered, node, pod, podsPath } from './dns-given.ts'
import { Sandbox } from './sandbox.ts'

const labels = { 'kubernetes.io/os': 'linux' }
const expected = (name: string, taints: ExpectedNode['taints'] = []): ExpectedNode => ({ name, labels, taints })
const both = [pod('coredns-a', 'cp1'), pod('coredns-b', 'cp1')]

function changeFor(raw: ProbeResult, nodes = [expected('cp1'), expected('w1')], ready = true) {
  const resource = dnsPlacement({ api: kubeadmApi, nodes, ready })
  return resource.diff(resource.probe.parse(raw), {}, { watched: [] })
}

test('CoreDNS is looked at again after nodes were drained, which moves its pods', () => {
  const resource = dnsPlacement({ api: kubeadmApi, nodes: [expected('cp1'), expected('w1')], ready: true })
  const watched = ['cp1/uncordon:w1' as TaskId]
  const apart = [pod('coredns-a', 'cp1'), pod('coredns-b', 'w1')]
  const change = (raw: ProbeResult) => resource.diff(resource.probe.parse(raw), {}, { watched })
  const later = { action: 'run', fields: [], note: 'where drains leave its pods on one node' }
  expect(change(dnsAnswered(apart, [node('cp1'), node('w1')]))).toEqual(later)
  expect(change(dnsAnswered(both, [node('cp1'), node('w1', { cordoned: true })]))).toEqual(later)
  expect(change(dnsAnswered(both, [node('cp1')]))).toMatchObject({ note: 'one pod of it is moved once w1 is Ready' })
})

describe('CoreDNS whose pods are all on one node', () => {
  const fields = [{ field: 'nodes', before: 'only cp1', after: 'different ones' }]

  test.each<[string, readonly object[], readonly object[], string]>([
    ['another node is Ready', both, [node('cp1'), node('w1')], 'one pod of it is moved'],
    [
      'one of the pods is not Ready',
      [pod('coredns-a', 'cp1', { ready: false }), pod('coredns-b', 'cp1')],
      [node('cp1'), node('w1')],
      'one pod of it is moved',
    ],
    ['the node of the pods is lost', both, [node('cp1', { ready: false }), node('w1')], 'one pod of it is moved'],
    [
      'the other node is a control plane node',
      both,
      [node('cp1'), node('cp2', { taints: [controlPlaneTaint] })],
      'one pod of it is moved',
    ],
    [
      'a pod elsewhere is on its way out',
      [...both, pod('coredns-c', 'w1', { leaving: true })],
      [node('cp1'), node('w1')],
      'one pod of it is moved',
    ],
    ['the other node joins in this run', both, [node('cp1')], 'one pod of it is moved once w1 is Ready'],
    [
      'the other node becomes Ready in this run',
      both,
      [
        node('cp1'),
        node('w1', { ready: false, taints: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }] }),
      ],
      'one pod of it is moved once w1 is Ready',
    ],
  ])('is spread when %s', (_what, pods, nodes, note) => {
    expect(changeFor(dnsAnswered(pods, nodes))).toEqual({ action: 'run', fields, note })
  })

  test.each<[string, readonly object[], object | undefined]>([
    ['there is no other node', [node('cp1')], deployment()],
    ['the other node is cordoned', [node('cp1'), node('w1', { cordoned: true })], deployment()],
    [
      'the other node has a taint that it does not tolerate',
      [node('cp1'), node('w1', { taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] })],
      deployment(),
    ],
    ['it is bound to nodes of a label', [node('cp1'), node('w1')], deployment(2, { nodeSelector: { dns: 'yes' } })],
    [
      'rules of its own say where it runs',
      [node('cp1'), node('w1')],
      deployment(2, { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: {} } } }),
    ],
    ['it was scaled down', [node('cp1'), node('w1')], deployment(1)],
    ['it was replaced', [node('cp1'), node('w1')], undefined],
  ])('is left alone when %s', (_what, nodes, coredns) => {
    const raw = answered({
      [deploymentPath]: coredns,
      [podsPath]: { kind: 'PodList', items: both },
      '/api/v1/nodes': { kind: 'NodeList', items: nodes },
    })
    expect(changeFor(raw, [expected('cp1')])).toBeUndefined()
  })

  test('is not expected to move to a node that joins with a taint, or does not become Ready', () => {
    const raw = dnsAnswered(both, [node('cp1')])
    const taint = { key: 'gpu', effect: 'NoSchedule' }
    expect(changeFor(raw, [expected('cp1'), expected('w1', [taint])])).toBeUndefined()
    expect(changeFor(raw, [expected('cp1'), expected('w1')], false)).toBeUndefined()
  })

  test('is expected to move to any of several nodes that join', () => {
    const nodes = ['cp1', 'w1', 'w2'].map(name => expected(name))
    expect(changeFor(dnsAnswered(both, [node('cp1')]), nodes)?.note).toContain('once w1 or another node is Ready')
  })
})

test.each<[string, readonly object[]]>([
  ['on different nodes', [pod('coredns-a', 'cp1'), pod('coredns-b', 'w1')]],
  ['on different nodes, one of them lost', [pod('coredns-a', 'cp1', { ready: false }), pod('coredns-b', 'w1')]],
  ['not scheduled yet', [pod('coredns-a', 'cp1'), pod('coredns-b', undefined, { ready: false })]],
])('CoreDNS whose pods are %s is in desired state', (_what, pods) => {
  expect(changeFor(dnsAnswered(pods, [node('cp1'), node('w1')]))).toBeUndefined()
})

test('of a cluster that is not there yet, the plan says what becomes of CoreDNS when it has two nodes', () => {
  expect(changeFor(absent)).toMatchObject({
    action: 'run',
    note: expect.stringContaining('once a second node is Ready'),
  })
  expect(changeFor(absent, [expected('cp1')])).toBeUndefined()
  expect(changeFor(absent, [expected('cp1'), expected('w1')], false)).toBeUndefined()
})

test('an API server that does not answer is no reason to say that nothing changes', () => {
  expect(changeFor(unreachable)?.note).toContain('the API server does not answer')
})

// Pods as kubectl prints them by the template of the script, from one look to the next.
const here = ['coredns-a cp1 True', 'coredns-b cp1 True']
const moved = ['coredns-a cp1 True', 'coredns-c w1 True']

async function move(looks: readonly (readonly string[])[], pods = both, cp1Ready = true) {
  const sandbox = new Sandbox()
  const looked = join(sandbox.root, 'looks')
  mkdirSync(looked)
  writeFileSync(join(sandbox.root, 'deleted'), '')
  for (const [index, look] of looks.entries()) writeFileSync(join(looked, String(index)), `${look.join('\n')}\n`)
  const kubectl = join(sandbox.root, 'kubectl')
  writeFileSync(
    kubectl,
    `#!/bin/sh
cd ${looked}
case $* in
  *' get pods '*nodeName*deletionTimestamp* | *deletionTimestamp*)
    at=$(cat ../at 2>/dev/null || echo 0)
    cat "$at"
    if [ -e "$((at + 1))" ]; then echo $((at + 1)) >../at; fi ;;
  *' delete pod '*) echo "$*" >>../deleted ;;
esac
`,
    { mode: 0o755 },
  )
  const nodes = [expected('cp1'), expected('w1')]
  const resource = dnsPlacement({ api: kubeadmApi, nodes, ready: true, patienceSeconds: 2 })
  const current = resource.probe.parse(dnsAnswered(pods, [node('cp1', { ready: cp1Ready }), node('w1')]))
  const [step, ...more] = resource.converge(current, {})
  if (step === undefined || !('run' in step) || more.length > 0) throw new Error('expected one script')
  const { exitCode, stderr } = await sandbox.sh(`set -eu\n${step.run.replaceAll(kubeadmApi.kubectl, kubectl)}`)
  const deleted = readFileSync(join(sandbox.root, 'deleted'), 'utf8').match(/coredns-\w/g) ?? []
  return { exitCode, stderr, deleted }
}

describe('moving a pod of CoreDNS', () => {
  test('deletes one that another stands in for, and ends when its successor is elsewhere', async () => {
    const unplaced = ['coredns-a cp1 True', 'coredns-c - ']
    const starting = ['coredns-a cp1 True', 'coredns-c w1 False']
    expect(await move([here, ['coredns-a cp1 True'], unplaced, starting])).toEqual({
      exitCode: 0,
      stderr: '',
      deleted: ['coredns-b'],
    })
  })

  test('waits until another one serves', async () => {
    const cold = ['coredns-a cp1 False', 'coredns-b cp1 True']
    expect(await move([cold, here, moved])).toMatchObject({ exitCode: 0, deleted: ['coredns-b'] })
  })

  test('deletes none as long as it is the only one that serves', async () => {
    const ended = await move([['coredns-a cp1 False', 'coredns-b cp1 True']])
    expect(ended).toMatchObject({ exitCode: 1, deleted: [] })
    expect(ended.stderr).toContain('Only one of its pods is Ready, so that none was moved.')
  })

  test('waits for nothing where none serves yet', async () => {
    const cold = ['coredns-a cp1 False', 'coredns-b cp1 False']
    const placed = ['coredns-a cp1 False', 'coredns-c w1 False']
    expect(await move([cold, placed])).toMatchObject({ exitCode: 0, deleted: ['coredns-b'] })
  })

  test('deletes none when somebody else has moved one meanwhile', async () => {
    expect(await move([[...here, 'coredns-c w1 True']])).toMatchObject({ exitCode: 0, deleted: [] })
  })

  test('rather deletes one that does not serve', async () => {
    const pods = [pod('coredns-a', 'cp1', { ready: false }), pod('coredns-b', 'cp1')]
    const looks = [
      ['coredns-a cp1 False', 'coredns-b cp1 True'],
      ['coredns-b cp1 True', 'coredns-c w1 True'],
    ]
    expect(await move(looks, pods)).toMatchObject({ exitCode: 0, deleted: ['coredns-a'] })
  })

  test('does not wait for pods on a node that is lost', async () => {
    const lost = ['coredns-a cp1 False', 'coredns-b cp1 False']
    const pods = [pod('coredns-a', 'cp1', { ready: false }), pod('coredns-b', 'cp1', { ready: false })]
    expect(await move([lost, moved], pods, false)).toMatchObject({ exitCode: 0, deleted: ['coredns-a'] })
  })

  test('says so when the scheduler puts it where it was', async () => {
    const ended = await move([here, ['coredns-a cp1 True'], ['coredns-a cp1 True', 'coredns-c cp1 False']])
    expect(ended).toMatchObject({ exitCode: 1, deleted: ['coredns-b'] })
    expect(ended.stderr).toContain('The scheduler put it on cp1 again.')
  })

  test('says so when its successor finds no place', async () => {
    const ended = await move([here, ['coredns-a cp1 True', 'coredns-c -']])
    expect(ended).toMatchObject({ exitCode: 1, deleted: ['coredns-b'] })
    expect(ended.stderr).toContain('No pod of it has come to another node.')
  })
})
