import { describe, expect, it } from 'vitest'
import { formatError } from '../../src/core/index.ts'
import { cluster, errorsOf } from './cluster-file.ts'

const kubernetes = (text: string): string => cluster(`kubernetes: { ${text} }`)
const at = 'spec.kubernetes'

// What is wrong, the file, the path that is named, and words of the one error that is reported.
// biome-ignore format: a table, one line a case
const cases: readonly (readonly [what: string, file: string, path: string, ...words: readonly string[]])[] = [
  ['a misspelt key of the kubelet', kubernetes('kubeletConfiguration: { maxPod: 50 }'), `${at}.kubeletConfiguration.maxPod`, 'The kubelet has no key', 'Did you mean "maxPods"?'],
  ['another case', kubernetes('kubeletConfiguration: { maxpods: 50 }'), `${at}.kubeletConfiguration.maxpods`, '"maxPods"?'],
  ['a key two levels down', kubernetes('kubeletConfiguration: { authentication: { anonymous: { enable: false } } }'), `${at}.kubeletConfiguration.authentication.anonymous.enable`, '"enabled"?'],
  ['a key in a list', kubernetes('clusterConfiguration: { apiServer: { extraVolumes: [{ name: a, hostPath: /a, mountpath: /a }] } }'), `${at}.clusterConfiguration.apiServer.extraVolumes[0].mountpath`, '"mountPath"?'],
  ['a key that moved', kubernetes('clusterConfiguration: { apiServer: { timeoutForControlPlane: 4m } }'), `${at}.clusterConfiguration.apiServer.timeoutForControlPlane`, 'timeouts.controlPlaneComponentHealthCheck of initConfiguration'],
  ['a key that moved, misspelt', kubernetes('clusterConfiguration: { apiServer: { timeoutForControlPlan: 4m } }'), `${at}.clusterConfiguration.apiServer.timeoutForControlPlan`, 'timeouts.controlPlaneComponentHealthCheck'],
  ['a key of another document', kubernetes('clusterConfiguration: { maxPods: 50 }'), `${at}.clusterConfiguration.maxPods`, 'belongs to spec.kubernetes.kubeletConfiguration'],
  ['a key of a newer minor', kubernetes('version: 1.35.8, kubeletConfiguration: { memoryReservationPolicy: None }'), `${at}.kubeletConfiguration.memoryReservationPolicy`, 'The kubelet 1.35 has no key', 'It came with 1.36.'],
  ['a key of kube-proxy', kubernetes('kubeProxyConfiguration: { conntrack: { maxPerCores: 0 } }'), `${at}.kubeProxyConfiguration.conntrack.maxPerCores`, 'kube-proxy has no key', '"maxPerCore"?'],
  ['a key of timeouts', kubernetes('joinConfiguration: { timeouts: { discover: 5m } }'), `${at}.joinConfiguration.timeouts.discover`, '"discovery"?'],
  ['a text for a number', kubernetes('kubeletConfiguration: { maxPods: "50" }'), `${at}.kubeletConfiguration.maxPods`, 'a whole number'],
  ['a number for a text', kubernetes('clusterConfiguration: { apiServer: { extraArgs: [{ name: v, value: 4 }] } }'), `${at}.clusterConfiguration.apiServer.extraArgs[0].value`, 'Write it in quotes: "4"'],
  ['flags as a mapping of mappings', kubernetes('clusterConfiguration: { apiServer: { extraArgs: { v: { a: 1 } } } }'), `${at}.clusterConfiguration.apiServer.extraArgs`, 'a list of'],
  ['a duration without a unit', kubernetes('kubeletConfiguration: { syncFrequency: 60 }'), `${at}.kubeletConfiguration.syncFrequency`, 'a duration, e.g. 4m0s'],
  ['a duration that Go does not know', kubernetes('kubeletConfiguration: { syncFrequency: 1d }'), `${at}.kubeletConfiguration.syncFrequency`, 'a duration'],
  ['a quantity that is none', kubernetes('kubeletConfiguration: { reservedMemory: [{ numaNode: 0, limits: { memory: 1GB } }] }'), `${at}.kubeletConfiguration.reservedMemory[0].limits.memory`, 'a quantity'],
  ['a list for a mapping', kubernetes('kubeletConfiguration: { featureGates: [A] }'), `${at}.kubeletConfiguration.featureGates`, 'a mapping'],
  ['a text in a mapping of switches', kubernetes('kubeletConfiguration: { featureGates: { A: "yes" } }'), `${at}.kubeletConfiguration.featureGates.A`, 'true or false'],
  ['a mapping for a list', kubernetes('kubeletConfiguration: { clusterDNS: 10.96.0.10 }'), `${at}.kubeletConfiguration.clusterDNS`, 'a list'],
  ['what another key decides, once', kubernetes('clusterConfiguration: { etcd: { external: { endpoint: a } } }'), `${at}.clusterConfiguration.etcd.external`, 'Use spec.etcd.'],
  ['static CPUs and none reserved', kubernetes('kubeletConfiguration: { cpuManagerPolicy: static }'), `${at}.kubeletConfiguration.cpuManagerPolicy`, 'reservedSystemCPUs: "0"'],
  ['a feature gate of the kubelet that is gone', kubernetes('kubeletConfiguration: { featureGates: { MemoryManager: true } }'), `${at}.kubeletConfiguration.featureGates.MemoryManager`, 'Kubernetes 1.36 has removed the feature gate MemoryManager'],
  ['a feature gate of kube-proxy that is gone', kubernetes('kubeProxyConfiguration: { featureGates: { ServiceTrafficDistribution: true } }'), `${at}.kubeProxyConfiguration.featureGates.ServiceTrafficDistribution`, '1.36'],
  ['a feature gate of the API server that is gone', kubernetes('clusterConfiguration: { apiServer: { extraArgs: [{ name: feature-gates, value: "A=true, PodIndexLabel=true" }] } }'), `${at}.clusterConfiguration.apiServer.extraArgs[0].value`, 'Kubernetes 1.35 has removed the feature gate PodIndexLabel'],
  ['static memory and none reserved', kubernetes('kubeletConfiguration: { memoryManagerPolicy: Static }'), `${at}.kubeletConfiguration.memoryManagerPolicy`, 'reservedMemory'],
]

describe('a document of kubeadm, the kubelet or kube-proxy', () => {
  it.each(cases)('is refused with the place and the cure for %s', (_, file, path, ...words) => {
    const errors = errorsOf(file)
    expect(errors).toHaveLength(1)
    const text = formatError(errors[0]!)
    expect(text).toContain(path)
    for (const word of words) expect(text).toContain(word)
    expect(text).toMatch(/:\d+:\d+ /)
  })

  it.each([
    [
      'lists, mappings and durations',
      'kubeletConfiguration: { evictionHard: { memory.available: 5% }, shutdownGracePeriod: 30s, clusterDNS: [10.96.0.10] }',
    ],
    ['keys of the chosen minor', 'version: 1.36.4, kubeletConfiguration: { memoryReservationPolicy: None }'],
    [
      'a feature gate that a later minor removes',
      'version: 1.35.8, kubeletConfiguration: { featureGates: { MemoryManager: true } }',
    ],
    ['keys that it takes away', 'kubeletConfiguration: { maxPods: null, evictionHard: null }'],
    ['empty lists', 'clusterConfiguration: { apiServer: { extraEnvs: [] } }'],
    ['a number as a quantity', 'kubeletConfiguration: { reservedMemory: [{ numaNode: 0, limits: { memory: 1024 } }] }'],
    [
      'static CPUs with some reserved',
      'kubeletConfiguration: { cpuManagerPolicy: static, systemReserved: { cpu: 500m } }',
    ],
    [
      'logging that is asked for in nanoseconds',
      'kubeletConfiguration: { logging: { flushFrequency: 5000000000, verbosity: 2 } }',
    ],
  ])('is taken with %s', (_, text) => {
    expect(errorsOf(kubernetes(text)).map(error => error.problem)).toEqual([])
  })
})
