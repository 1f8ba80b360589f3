import { expect, test } from 'vitest'
import { controlPlaneConfiguration } from '../../src/resources/kubeadm/control-plane-configuration.ts'
import { clusterConfiguration, kubeletConfiguration } from '../../src/resources/kubeadm/documents.ts'
import { onlyRotationFiles, withRotationFiles } from '../../src/resources/kubeadm/rotation-arguments.ts'
import { stateOf } from './state-of.ts'

const documents = (patch = {}) => ({
  cluster: clusterConfiguration({
    name: 'edge',
    version: '1.36.4',
    endpoint: '127.0.0.1:7443',
    certSANs: [],
    podCIDR: '10.244.0.0/16',
    serviceCIDR: '10.96.0.0/12',
    nodePrefix: 24,
    clusterDomain: 'cluster.local',
    patch,
  }),
  kubelet: kubeletConfiguration({}),
  kubeProxy: undefined,
})
type Documents = ReturnType<typeof documents>
const apart = (given: Documents) => withRotationFiles(given) as Documents

/** What a plan says of a node whose static pods were made with `made`, and which is to have `wanted`. */
function changeOf(wanted: Documents, made: Documents, ...more: readonly string[]) {
  const resource = onlyRotationFiles(
    controlPlaneConfiguration({
      configuration: '/etc/evcctl/kubeadm.yaml',
      store: 'containerd',
      documents: wanted,
      advertiseAddress: '192.0.2.12',
      bindPort: 6443,
      file: 'cluster.yaml',
    }),
    'cluster.yaml',
  )
  const record = `record=${Buffer.from(JSON.stringify(made)).toString('base64')}`
  const state = stateOf(resource, 'joined=yes', record, 'advertiseAddress=192.0.2.12', 'bindPort=6443', ...more)
  return resource.diff(state, { documents: wanted }, { watched: [] })
}

test('the files of the controller manager are all that a rotation changes of the static pods, there and back', () => {
  const own = { controllerManager: { extraArgs: [{ name: 'v', value: '2' }] } }
  for (const patch of [{}, own]) {
    const [plain, rotating] = [documents(patch), apart(documents(patch))]
    expect(changeOf(rotating, rotating)).toBeUndefined()
    for (const [wanted, made] of [
      [rotating, plain],
      [plain, rotating],
    ] as const) {
      const change = changeOf(wanted, made)
      expect(change?.fields.map(({ field }) => field)).toEqual(['controllerManager.extraArgs'])
      expect(change?.refused).toBeUndefined()
    }
  }
})

test('a rotation is refused while the file asks for anything else of the control plane', () => {
  for (const patch of [
    { controllerManager: { extraArgs: [{ name: 'v', value: '4' }] } },
    { apiServer: { extraArgs: [{ name: 'v', value: '4' }] } },
    { scheduler: { extraArgs: [{ name: 'v', value: '4' }] } },
  ])
    expect(changeOf(apart(documents(patch)), documents())?.refused?.next).toBe('First: evcctl apply cluster.yaml')
})

test('a rotation that was cut off while the static pods changed goes on, and one that finds an edit by hand does not', () => {
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const edited = `edited=kube-controller-manager ${base64('kind: Pod\n')} ${base64('kind: Pod\nspec: {}\n')}`
  const cutOff = changeOf(apart(documents()), documents(), edited, 'cutOff=control plane')
  expect(cutOff?.fields.map(({ field }) => field)).toEqual([
    'control plane',
    'controllerManager.extraArgs',
    'kube-controller-manager.yaml, not as kubeadm made it last',
  ])
  expect(cutOff?.refused).toBeUndefined()
  expect(changeOf(apart(documents()), documents(), edited)?.refused?.actual).toContain('not as kubeadm made it last')
})
