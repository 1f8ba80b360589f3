import { expect, test } from 'vitest'
import { nodeGone } from '../../src/resources/drain/index.ts'
import { kubeadmApi } from '../../src/resources/kubeadm/api-access.ts'
import { absent, nodesAnswered, unreachable } from './api-given.ts'
import { runStep } from './run-step.ts'

const resource = nodeGone({ api: kubeadmApi, node: 'w1', note: 'its host stays as it is' })

test.each([
  ['a node that is there is deleted', nodesAnswered({ metadata: { name: 'w1' } }), 'its host stays as it is'],
  ['a node that is not there is no change', nodesAnswered({ metadata: { name: 'w10' } }), undefined],
  ['without a cluster there is no change', absent, undefined],
  [
    'an API server that is silent is asked again by apply',
    unreachable,
    'the API server does not answer, so it is not known whether it is there: Failed to connect to 127.0.0.1 port 7443 after 0 ms: Connection refused',
  ],
])('%s', (_what, raw, note) => {
  expect(resource.diff(resource.probe.parse(raw), { node: 'gone' }, { watched: [] })?.note).toBe(note)
})

test('a node is deleted also where it is gone by then', () => {
  const [step] = resource.converge(resource.probe.parse(absent), { node: 'gone' })
  const { status, log } = runStep(step, { kubectl: 'printf "%s\\n" "$*" >>log' })
  expect(status).toBe(0)
  expect(log.join()).toContain('delete node w1 --ignore-not-found')
})
