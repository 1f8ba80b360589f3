import { describe, expect, test } from 'vitest'
import { goVersionOf, kubeadmTags, moduleFile, readPins, stagingModules } from './module-file.ts'

const pins = {
  kubernetes: '1.36.4',
  etcd: '3.6.8',
  coredns: '1.14.2',
  containerd: '2.3.4',
  runc: '1.4.3',
  cniPlugins: '1.9.1',
  flannel: '0.28.4',
}
const options = { goVersion: '1.26.0', staging: ['api', 'client-go'], packages: ['k8s.io/kubernetes/cmd/kubeadm'] }

describe('go.mod', () => {
  test('staging modules follow the Kubernetes version', () => {
    const text = moduleFile(pins, options)
    expect(text).toContain('\tk8s.io/client-go => k8s.io/client-go v0.36.4\n')
    expect(text).toContain('tool (\n\tk8s.io/kubernetes/cmd/kubeadm\n)')
    expect(goVersionOf(text)).toBe('1.26.0')
  })

  test('its pins can be read back', () => {
    expect(readPins(moduleFile(pins, options))).toEqual(pins)
  })

  test('a module for another Kubernetes version has no runtime', () => {
    const { kubernetes, etcd, coredns } = pins
    expect(readPins(moduleFile({ kubernetes, etcd, coredns }, options))).toEqual({ kubernetes, etcd, coredns })
  })

  test('etcd is what replaces the etcd that flannel requires', () => {
    const tidied = moduleFile(pins, options).replace(
      '\tgo.etcd.io/etcd/server/v3 v3.6.8',
      '\tgo.etcd.io/etcd/server/v3 v3.6.10 // indirect',
    )
    expect(readPins(tidied).etcd).toBe('3.6.8')
  })

  test('one without Kubernetes is not the kit’s', () => {
    expect(() => readPins('module x\n\ngo 1.26\n')).toThrow('node test/kit/pin.ts')
  })
})

test('staging modules are read from the go.mod of Kubernetes', () => {
  const text =
    'replace (\n\tk8s.io/api => ./staging/src/k8s.io/api\n\tk8s.io/kms => ./staging/src/k8s.io/kms\n\tx => y v1\n)\n'
  expect(stagingModules(text)).toEqual(['api', 'kms'])
})

describe('kubeadm', () => {
  const constants = '\tDefaultEtcdVersion = "3.6.8-0"\n\tCoreDNSVersion = "v1.14.2"\n\tPauseVersion = "3.10.2"\n'

  test('says which images it wants', () => {
    expect(kubeadmTags(constants)).toEqual({ etcd: '3.6.8-0', coredns: 'v1.14.2', pause: '3.10.2' })
  })

  test('a constant that has moved is named', () => {
    expect(() => kubeadmTags(constants.replace('Pause', 'Sandbox'))).toThrow('has no PauseVersion')
  })
})
