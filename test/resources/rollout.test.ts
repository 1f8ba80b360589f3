import { expect, test } from 'vitest'
import type { ProbeResult, TaskId } from '../../src/core/index.ts'
import { rollout } from '../../src/resources/api/rollout.ts'
import { kubeadmApi } from '../../src/resources/kubeadm/api-access.ts'
import { absent, answered, unreachable } from './api-given.ts'

const path = '/apis/apps/v1/namespaces/kube-flannel/daemonsets/kube-flannel-ds'
const resource = rollout({
  api: kubeadmApi,
  name: 'flannel',
  daemonSet: { namespace: 'kube-flannel', name: 'kube-flannel-ds' },
})

/** A DaemonSet on four nodes, of which some are off. */
function daemonSet(metadata: object, status: object, off = 0): ProbeResult {
  const items = [1, 2, 3, 4].map(number => ({
    metadata: { name: `w${number}` },
    status: { conditions: [{ type: 'Ready', status: number <= off ? 'Unknown' : 'True' }] },
  }))
  const ended = {
    observedGeneration: 3,
    currentNumberScheduled: 4,
    desiredNumberScheduled: 4,
    updatedNumberScheduled: 4,
    numberAvailable: 4,
  }
  return answered({
    [path]: { metadata: { generation: 3, ...metadata }, status: { ...ended, ...status } },
    '/api/v1/nodes': { kind: 'NodeList', items },
  })
}

const changeOf = (raw: ProbeResult, watched: readonly string[] = []) =>
  resource.diff(resource.probe.parse(raw), { rollout: 'ended' }, { watched: watched as TaskId[] })
const seen = { annotations: { 'evcctl.dev/rolled-out': '3' } }

test.each<[string, ProbeResult]>([
  ['of no cluster yet', absent],
  ['of a DaemonSet that is not there', answered({ [path]: undefined, '/api/v1/nodes': { items: [] } })],
  [
    'of a new one, though nodes are off',
    daemonSet({ generation: 1 }, { observedGeneration: 1, numberAvailable: 2 }, 2),
  ],
  ['that has ended, whoever saw it', daemonSet({}, {})],
  [
    'that evcctl saw end but for a node that is off',
    daemonSet(seen, { updatedNumberScheduled: 3, numberAvailable: 3 }, 1),
  ],
  ['that had ended when a node joined', daemonSet({}, { desiredNumberScheduled: 5 })],
  ['that had ended when a node went off', daemonSet({}, { numberAvailable: 3 }, 1)],
])('a rollout %s is no change', (_what, raw) => {
  expect(changeOf(raw)).toBeUndefined()
})

test.each<[string, ProbeResult, string]>([
  ['that was cut off', daemonSet({}, { updatedNumberScheduled: 1, numberAvailable: 3 }), '1 of 4'],
  ['that nobody has begun with', daemonSet({}, { observedGeneration: 2 }), '0 of 4'],
  ['whose last pod does not run', daemonSet({}, { numberAvailable: 3 }), '4 of 4'],
  ['that evcctl saw end before the last change', daemonSet({ ...seen, generation: 4 }, {}), '0 of 4'],
  [
    'with a node off that has what was before',
    daemonSet({}, { updatedNumberScheduled: 3, numberAvailable: 3 }, 1),
    '3 of 4',
  ],
  ['of which nothing is told', daemonSet({ annotations: null }, { observedGeneration: undefined }), '0 of 4'],
])('one %s has to be waited for', (_what, raw, count) => {
  const before = `not ended: ${count} nodes have what is new`
  expect(changeOf(raw)).toEqual({
    action: 'run',
    fields: [{ field: 'rollout', before, after: 'on all nodes that are Ready' }],
  })
})

test('what is changed now is waited for', () => {
  const change = changeOf(daemonSet(seen, {}), ['cp1/manifest:flannel'])
  expect(change).toMatchObject({ action: 'run', because: ['cp1/manifest:flannel'] })
  expect(changeOf(absent, ['cp1/manifest:flannel'])).toBeUndefined()
})

test('an API server that does not answer has not said that it has ended', () => {
  expect(changeOf(unreachable)).toMatchObject({ action: 'run', note: expect.stringContaining('does not answer') })
})
