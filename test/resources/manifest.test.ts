import { describe, expect, test } from 'vitest'
import type { ProbeResult } from '../../src/core/index.ts'
import { apiPath } from '../../src/resources/api/api-survey.ts'
import { type KubernetesObject, manifest } from '../../src/resources/api/manifest.ts'
import { kubeadmApi } from '../../src/resources/kubeadm/api-access.ts'
import { absent, answered, unreachable } from './api-given.ts'

const map: KubernetesObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'conf', namespace: 'ns' },
  data: { 'a.json': '{}' },
}
const pod: KubernetesObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'pod', namespace: 'ns' },
  spec: { hostNetwork: false, containers: [{ name: 'one', image: 'i:1', resources: { requests: { cpu: '0.5' } } }] },
}
const resource = manifest(kubeadmApi, 'test', [map, pod])

function changeFor(raw: ProbeResult) {
  return resource.diff(resource.probe.parse(raw), resource.desired as never, { watched: [] })
}

/** The API server has these, and nothing else of what is asked for. */
function list(...items: readonly KubernetesObject[]): ProbeResult {
  const asked = Object.fromEntries([map, pod].map(object => [apiPath(object), undefined]))
  return answered({ ...asked, ...Object.fromEntries(items.map(item => [apiPath(item), item])) })
}

// As an API server gives them back: with defaults, in its own notation, without zero values.
const storedMap = { ...map, metadata: { ...map.metadata, uid: 'u', managedFields: [] } }
const container = { name: 'one', image: 'i:1', resources: { requests: { cpu: '500m' } }, imagePullPolicy: 'Always' }
const storedPod = { ...pod, spec: { containers: [container], dnsPolicy: 'ClusterFirst' }, status: {} }

describe('a manifest', () => {
  test('is read without what the server counts and reports, so that a saved plan of it does not get old by itself', () => {
    const later = {
      ...storedPod,
      metadata: { ...pod.metadata, resourceVersion: '7', generation: 3, managedFields: [{ time: 'now' }] },
      status: { phase: 'Running' },
    }
    const { probe } = resource
    expect(probe.parse(list(later, storedMap))).toEqual(probe.parse(list(storedPod, storedMap)))
    // An object that was made again is another one.
    const again = { ...storedMap, metadata: { ...storedMap.metadata, uid: 'other' } }
    expect(probe.parse(list(storedPod, again))).not.toEqual(probe.parse(list(storedPod, storedMap)))
  })

  test('that the API server has, with what it adds, is in desired state', () => {
    expect(changeFor(list(storedPod, storedMap))).toBeUndefined()
  })

  test.each<[string, ProbeResult, object]>([
    [
      'not there',
      list(),
      {
        action: 'create',
        fields: [
          { field: 'ConfigMap conf', after: 'applied' },
          { field: 'Pod pod', after: 'applied' },
        ],
      },
    ],
    ['one of two', list(storedMap), { action: 'update', fields: [{ field: 'Pod pod', after: 'applied' }] }],
    [
      'of the same name in another namespace',
      list({ ...storedMap, metadata: { name: 'conf', namespace: 'other' } }, storedPod),
      { action: 'update', fields: [{ field: 'ConfigMap conf', after: 'applied' }] },
    ],
    [
      'edited',
      list(storedMap, { ...storedPod, spec: { containers: [{ ...container, image: 'i:2' }] } }),
      { action: 'update', fields: [{ field: 'Pod pod spec.containers[one].image', before: 'i:2', after: 'i:1' }] },
    ],
    ['of a cluster that is not there', absent, { action: 'create' }],
    [
      'of a cluster that does not answer',
      unreachable,
      { action: 'update', fields: [], note: expect.stringContaining('Connection refused') },
    ],
  ])('%s is a change', (_what, raw, change) => {
    expect(changeFor(raw)).toMatchObject(change)
  })

  test('asks only for what it names, and is applied server-side', async () => {
    expect(resource.probe.script).not.toContain('a.json')
    const [step] = resource.converge(resource.probe.parse(absent), resource.desired as never)
    if (step === undefined || !('run' in step)) throw new Error('expected a run step')
    await expect(`${resource.probe.script}---\n${step.run}`).toMatchFileSnapshot('../goldens/resources/manifest.sh')
  })
})
