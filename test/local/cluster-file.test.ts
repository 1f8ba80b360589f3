import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { UserError } from '../../src/core/errors.ts'
import { type ClusterFileOptions, clusterFileText, writeClusterFile } from '../../src/local/cluster-file.ts'

const options: ClusterFileOptions = {
  name: 'dev',
  hosts: [
    { name: 'cp1', address: '172.18.0.11', roles: ['control-plane'] },
    { name: 'w1', address: '172.18.0.12', roles: ['worker'] },
  ],
  ssh: { user: 'evcctl', identityFile: '/state/id_ed25519', knownHostsFile: '/state/known_hosts' },
  needs: { cgroupV1: false, fixedOomScore: false, fixedConntrackMax: false },
}

describe('clusterFileText', () => {
  test('on a machine that needs nothing, says only how to reach the hosts', () => {
    expect(parse(clusterFileText(options))).toEqual({
      apiVersion: 'evcctl.dev/v1alpha1',
      kind: 'Cluster',
      metadata: { name: 'dev' },
      spec: {
        ssh: {
          user: 'evcctl',
          identityFile: '/state/id_ed25519',
          knownHosts: { file: '/state/known_hosts', policy: 'strict' },
        },
        hosts: options.hosts,
      },
    })
  })

  test('sets what cgroup v1, a fixed OOM score and a fixed conntrack limit need, each with a reason', () => {
    const text = clusterFileText({
      ...options,
      kubernetesVersion: '1.34.4',
      needs: { cgroupV1: true, fixedOomScore: true, fixedConntrackMax: true },
    })
    expect(parse(text).spec).toMatchObject({
      kubernetes: {
        version: '1.34.4',
        kubeletConfiguration: { failCgroupV1: false },
        kubeProxyConfiguration: { conntrack: { maxPerCore: 0 } },
        ignorePreflightErrors: ['SystemVerification'],
      },
      runtime: {
        configPatches: [{ plugins: { 'io.containerd.cri.v1.runtime': { restrict_oom_score_adj: true } } }],
      },
    })
    for (const key of ['kubeletConfiguration', 'kubeProxyConfiguration', 'ignorePreflightErrors', 'runtime']) {
      expect(text).toMatch(new RegExp(`^ *# .*\\n *${key}:`, 'm'))
    }
  })

  test('keeps a version a text, and names mirror, checksums and image archives', () => {
    const archive = { url: 'http://172.18.0.2/pause.tar', sha256: '1'.repeat(64), roles: ['control-plane'] }
    const text = clusterFileText({
      ...options,
      kubernetesVersion: '1.34',
      artifacts: { mirror: 'http://172.18.0.2', checksums: './sums' },
      archives: [archive],
    })
    expect(parse(text).spec).toMatchObject({
      kubernetes: { version: '1.34' },
      artifacts: { mirror: 'http://172.18.0.2', checksums: './sums' },
      images: { archives: [archive] },
    })
  })
})

describe('writeClusterFile', () => {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'evcctl-cluster-file-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  test('never overwrites a file without force', async () => {
    const path = join(folder, 'cluster.yaml')
    await writeFile(path, 'mine')
    const refused = writeClusterFile(path, options)
    await expect(refused).rejects.toThrow(UserError)
    await expect(refused).rejects.toThrow(/exists already.*\n.*--force/)
    expect(await readFile(path, 'utf8')).toBe('mine')
    await writeClusterFile(path, options, { force: true })
    expect(await readFile(path, 'utf8')).toBe(clusterFileText(options))
  })

  test('says which file could not be written', async () => {
    const path = join(folder, 'missing', 'cluster.yaml')
    await expect(writeClusterFile(path, options)).rejects.toThrow(/missing\/cluster\.yaml: the file cannot be written/)
  })
})
