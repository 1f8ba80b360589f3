import { expect, test } from 'vitest'
import { flannelNode } from '../../src/resources/api/flannel-node.ts'
import { kubeadmApi } from '../../src/resources/kubeadm/api-access.ts'
import { absent, nodesAnswered, unreachable } from './api-given.ts'

const resource = flannelNode({ api: kubeadmApi, node: 'w1', address: '192.0.2.21' })
const row = (annotations: object) => nodesAnswered({ metadata: { name: 'w1', annotations } })
const address = 'flannel.alpha.coreos.com/public-ip'

test.each([
  ['a cluster that is not there yet', absent, undefined],
  ['an API that does not answer', unreachable, undefined],
  ['a node that is not in the cluster', nodesAnswered({ metadata: { name: 'w2' } }), undefined],
  ['a node that flannel reaches', row({ [address]: '192.0.2.21' }), undefined],
  [
    'a node of another address',
    row({ [address]: '192.0.2.99' }),
    [{ field: 'address', before: '192.0.2.99', after: '192.0.2.21' }],
  ],
  ['a node that was made again', row({}), [{ field: 'address', after: '192.0.2.21' }]],
])('a plan says of the pod network of %s what has to change', (_what, raw, fields) => {
  expect(resource.diff(resource.probe.parse(raw), { address: '192.0.2.21' }, { watched: [] })?.fields).toEqual(fields)
})

test('the flannel pod of the node alone is replaced', () => {
  const current = resource.probe.parse(row({}))
  const [step, wait] = resource.converge(current, { address: '192.0.2.21' })
  expect(step).toMatchObject({
    run: expect.stringContaining("delete pod --selector app=flannel '--field-selector=spec.nodeName=w1' --wait=false"),
  })
  expect(wait).toMatchObject({
    until: { script: expect.stringContaining("flannel\\.alpha\\.coreos\\.com/public-ip}'") },
  })
})
