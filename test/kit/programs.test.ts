import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isOlder } from './go-toolchain.ts'
import { committedModule, openCommittedModule } from './modules.ts'
import { binaryParts } from './parts.ts'
import { builtName, linkerFlags } from './programs.ts'

const { pins, programs } = await openCommittedModule()

describe('the committed module', () => {
  test('pins everything that a mirror has', () => {
    expect(Object.keys(pins).sort()).toEqual([
      'cniPlugins',
      'containerd',
      'coredns',
      'etcd',
      'flannel',
      'kubernetes',
      'runc',
    ])
  })

  test('has every program as a tool, or `go mod tidy` would drop what it needs', async () => {
    const text = await readFile(join(committedModule, 'go.mod'), 'utf8')
    const tools = /^tool \(\n([^)]*)\)/m.exec(text)?.[1]?.trim().split(/\s+/)
    const wanted = programs.map(program => program.package).filter(path => !path.startsWith('evcctl.test/'))
    expect(tools?.toSorted()).toEqual(wanted.toSorted())
  })

  test('builds no two programs into the same file', () => {
    const names = programs.map(builtName)
    expect(new Set(names).size).toBe(names.length)
  })

  test('the node’s own programs are built first', () => {
    expect(programs.slice(0, 3).map(program => program.name)).toEqual(['kubeadm', 'kubelet', 'kubectl'])
  })
})

test('a program whose module ends in a version is built under the name before it', () => {
  const etcd = programs.find(program => program.name === 'etcd')
  expect(builtName(etcd!)).toBe('server')
})

test('Kubernetes knows its version, and programs with C are static', () => {
  const flags = linkerFlags(programs)
  const kubelet = flags.find(flag => flag.startsWith('-ldflags=k8s.io/kubernetes/cmd/kubelet='))
  expect(kubelet).toContain(` -X k8s.io/component-base/version.gitVersion=v${pins.kubernetes} `)
  expect(flags.filter(flag => flag.includes('-extldflags=-static'))).toHaveLength(2)
})

test('the mirror is laid out like the upstream sites', () => {
  const versions = { ...pins, containerd: '2.3.4', runc: '1.4.3', cniPlugins: '1.9.1', flannel: '0.28.4' }
  const parts = binaryParts({ ...versions, kubernetes: '1.36.4', etcd: '3.6.8' }, 'arm64')
  expect(parts.map(part => part.file)).toEqual([
    'dl.k8s.io/release/v1.36.4/bin/linux/arm64/kubeadm',
    'dl.k8s.io/release/v1.36.4/bin/linux/arm64/kubelet',
    'dl.k8s.io/release/v1.36.4/bin/linux/arm64/kubectl',
    'github.com/containerd/containerd/releases/download/v2.3.4/containerd-2.3.4-linux-arm64.tar.gz',
    'github.com/containernetworking/plugins/releases/download/v1.9.1/cni-plugins-linux-arm64-v1.9.1.tgz',
    'github.com/etcd-io/etcd/releases/download/v3.6.8/etcd-v3.6.8-linux-arm64.tar.gz',
    'github.com/opencontainers/runc/releases/download/v1.4.3/runc.arm64',
  ])
})

test.each([
  ['1.26.8', '1.26.3', false],
  ['1.26', '1.26.3', true],
  ['1.9.9', '1.26', true],
  ['2.0', '1.26.3', false],
])('Go %s is older than %s: %s', (version, than, expected) => {
  expect(isOlder(version, than)).toBe(expected)
})
