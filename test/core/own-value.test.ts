import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { hostsFiles } from '../../roles/containerd/hosts.ts'
import { fetchSecrets } from '../../src/config/secrets.ts'
import { UserError } from '../../src/core/index.ts'
import { GraphBuilder } from '../../src/core/scope.ts'
import { evaluate } from '../../src/engine/evaluate.ts'
import { nodeLabels } from '../../src/resources/api/node-labels.ts'
import { wantedOf } from '../../src/resources/etcd/wanted.ts'
import { kubeadmApi } from '../../src/resources/kubeadm/api-access.ts'
import { deepMerge } from '../../src/resources/support/deep-merge.ts'
import { documentChanges } from '../../src/resources/support/document-changes.ts'
import { keyOfCertificate } from '../../src/ssh/certificate.ts'
import { readSshConfig } from '../../src/ssh/config/index.ts'
import { cluster, controlPlane, errorsOf } from '../config/cluster-file.ts'
import { entry, FakePool, fakeHosts, fakeRun } from '../engine/fake.ts'
import { readFacts } from '../facts/read.ts'
import { factsText } from '../facts/text.ts'
import { nodesAnswered } from '../resources/api-given.ts'

// `values[name]` finds these in every object.
const inherited = ['constructor', 'toString', 'hasOwnProperty', '__proto__']

describe.each(inherited)('%s is a name like any other:', name => {
  test('of a variable for a secret', async () => {
    const source = { where: 'cluster.yaml spec.ssh.password', fromEnv: name }
    const fetched = fetchSecrets([{ source, what: 'password', host: 'w1' }], { env: {} })
    await expect(fetched).rejects.toThrow(`The environment variable ${name} is not set.`)
  })

  test('of variables and values in an ssh configuration', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'evcctl-own-'))
    try {
      const file = join(folder, 'config')
      await writeFile(file, `Host w1\nIdentityFile \${${name}}/id\nHost w2\nIdentityAgent $${name}\n`)
      const config = readSshConfig(file)
      expect(() => config.settings('w1')).toThrow(UserError)
      expect(config.settings('w2').identityAgent).toBe('none')
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  test('of the type of a public key', () => {
    const blob = Buffer.concat([Buffer.from([0, 0, 0, name.length]), Buffer.from(name)])
    expect(keyOfCertificate(blob)).toBeUndefined()
  })

  test('of a machine', () => {
    const text = factsText().replace('x86_64', name)
    expect(readFacts('w1', `${text}\n@@ end\n`, { sentAt: 0, receivedAt: 20 })).toMatchObject({ machine: name })
    expect(readFacts('w1', `${text}\n@@ end\n`, { sentAt: 0, receivedAt: 20 }).architecture).toBeUndefined()
  })

  test('of what is not accepted in a cluster file', () => {
    const [error] = errorsOf(cluster('', [controlPlane, `{ name: w1, address: 192.0.2.21, roles: ["${name}"] }`]))
    expect(error?.problem).not.toContain('native code')
  })

  test('of an etcd host that did not answer', () => {
    const member = { name, peerURL: 'https://192.0.2.11:2380', clientURL: 'https://192.0.2.11:2379' }
    expect(wantedOf([member], 'cp1', {})).toMatchObject([{ name, data: 'unreachable' }])
  })

  test('of a label of a node', () => {
    const labels = Object.fromEntries([[name, 'x']])
    const resource = nodeLabels({ api: kubeadmApi, node: 'w1', labels, taints: [], managedTaints: [] })
    const current = resource.probe.parse(nodesAnswered({ metadata: { name: 'w1' } }))
    const change = resource.diff(current, { labels, taints: [] }, { watched: [] })
    expect(change?.fields).toEqual([{ field: `label ${name}`, after: 'x' }])
  })

  test('of a registry with a CA and no mirror', () => {
    const files = hostsFiles({ mirrors: {}, authorities: Object.fromEntries([[name, 'PEM']]) })
    expect(files[`${name}/hosts.toml`]).toContain(`server = "https://${name}"`)
  })

  test('of a key of a document', () => {
    const patch = Object.fromEntries([[name, { a: 1 }]])
    expect(Object.entries(deepMerge({}, patch))).toEqual([[name, { a: 1 }]])
    expect(documentChanges({}, {}, Object.fromEntries([[name, 'x']]))).toEqual([])
  })
})

test('a host of such a name has its place in the plan', async () => {
  const builder = new GraphBuilder()
  for (const name of ['a', 'b']) builder.scope('constructor', 'r').add(entry(name, 'new'))
  const run = fakeRun(new FakePool(fakeHosts({ constructor: {} })))
  await evaluate(builder.build(), run)
  expect(run.of('plan:ready')).toMatchObject([{ stages: [{ role: 'r', hosts: { constructor: 2 } }] }])
})
