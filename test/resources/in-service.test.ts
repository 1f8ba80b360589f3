import { expect, test } from 'vitest'
import type { TaskId } from '../../src/core/index.ts'
import { inService } from '../../src/resources/drain/index.ts'
import { kubeadmApi } from '../../src/resources/kubeadm/api-access.ts'
import { absent, nodesAnswered, unreachable } from './api-given.ts'
import { runStep } from './run-step.ts'

const resource = inService({ api: kubeadmApi, node: 'w1' })
const inside = ['w1/file:/etc/a' as TaskId]
const byEvcctl = { 'evcctl.dev/cordoned-by': 'evcctl' }
const node = (unschedulable: boolean, annotations = {}) =>
  nodesAnswered({ metadata: { name: 'w1', annotations }, spec: unschedulable ? { unschedulable } : {} })

test.each([
  ['a node that evcctl has cordoned comes back', node(true, byEvcctl), [], 'evcctl has cordoned it'],
  ['a node that somebody else has cordoned stays so', node(true), [], undefined],
  ['also when something on it changes', node(true), inside, undefined],
  ['a node in service that changes comes back afterwards', node(false), inside, 'after the changes'],
  ['a node in service that does not change is left alone', node(false), [], undefined],
  ['a node that is not in the cluster is left alone', nodesAnswered({ metadata: { name: 'w2' } }), inside, undefined],
  ['without a cluster there is nothing to do', absent, inside, undefined],
  [
    'an API server that is silent is asked again by apply',
    unreachable,
    [],
    'the API server does not answer, so it cannot be compared: Failed to connect to 127.0.0.1 port 7443 after 0 ms: Connection refused',
  ],
])('%s', (_what, raw, watched, note) => {
  expect(resource.diff(resource.probe.parse(raw), { schedulable: true }, { watched })?.note).toBe(note)
})

test('the record of a node that somebody has uncordoned is removed: a later cordon of theirs is their own', () => {
  const current = resource.probe.parse(node(false, byEvcctl))
  expect(resource.diff(current, { schedulable: true }, { watched: [] })).toEqual({
    action: 'delete',
    fields: [{ field: 'annotation evcctl.dev/cordoned-by' }],
  })
})

test('cordon and record are taken back in one patch, and only where evcctl has cordoned the node', () => {
  const [step] = resource.converge(resource.probe.parse(unreachable), { schedulable: true })
  const kubectl = (found: string) => ({
    kubectl: `case $* in
  *'get node '*) echo '${found}' ;;
  *'patch node '*) for last; do :; done; printf '%s\\n' "$last" >>log ;;
esac`,
  })
  const { status, log } = runStep(step, kubectl('7 evcctl'))
  expect(status).toBe(0)
  expect(JSON.parse(log.join(''))).toEqual({
    metadata: { resourceVersion: '7', annotations: { 'evcctl.dev/cordoned-by': null } },
    spec: { unschedulable: null },
  })
  expect(runStep(step, kubectl('7 ')).log).toEqual([])
})
