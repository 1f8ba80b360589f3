import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { initConfiguration, kubeletConfiguration } from '../../src/resources/kubeadm/documents.ts'
import { kubeletConfigurationFile, kubeletRecord } from '../../src/resources/kubeadm/kubelet-configuration.ts'
import { kubeletFlags, kubeletFlagsOf } from '../../src/resources/kubeadm/kubelet-flags.ts'
import {
  keptKubelet,
  kubeletConfigCopy,
  kubeletRecordPath,
  recordKubeletConfig,
} from '../../src/resources/kubelet/files.ts'
import { keptFolder, putBackFunction } from '../../src/resources/systemd/kept-files.ts'
import { startedFolder } from '../../src/resources/systemd/state.ts'
import { PowerCut } from './cut-off.ts'
import { Sandbox } from './sandbox.ts'

/** A host that is a node, with these files of its kubelet. */
function node(files: Readonly<Record<string, string>>): Sandbox {
  const sandbox = new Sandbox()
  for (const folder of ['/etc/kubernetes', '/var/lib/kubelet', '/var/lib/evcctl']) {
    mkdirSync(sandbox.inside(folder), { recursive: true })
  }
  for (const [path, content] of Object.entries({ '/etc/kubernetes/kubelet.conf': 'x', ...files })) {
    writeFileSync(sandbox.inside(path), content)
  }
  return sandbox
}

const config = '/var/lib/kubelet/config.yaml'

describe("the kubelet's configuration", () => {
  const document = kubeletConfiguration({ maxPods: 50 })
  const resource = kubeletConfigurationFile(document, '1.36.4')
  // As kubeadm writes it: with what it adds.
  const written = { ...document, rotateCertificates: true, clusterDNS: ['10.96.0.10'] }

  async function fieldsAfter(edited: object): Promise<readonly unknown[]> {
    const sandbox = node({ [config]: stringify(written) })
    await sandbox.sh(recordKubeletConfig)
    writeFileSync(sandbox.inside(config), stringify(edited))
    const change = resource.diff(
      await sandbox.probe(resource),
      { configuration: document, version: '1.36.4' },
      { watched: [] },
    )
    return change?.fields ?? []
  }

  test('is in desired state as kubeadm wrote it', async () => {
    expect(await fieldsAfter(written)).toEqual([])
  })

  test.each<[string, object, readonly unknown[]]>([
    ['added', { ...written, registryPullQPS: 1 }, [{ field: 'registryPullQPS', before: '1' }]],
    [
      'changed',
      { ...written, rotateCertificates: false },
      [{ field: 'rotateCertificates', before: 'false', after: 'true' }],
    ],
    ['taken out', { ...written, clusterDNS: undefined }, [{ field: 'clusterDNS', after: '["10.96.0.10"]' }]],
    ['of cluster.yaml changed', { ...written, maxPods: 60 }, [{ field: 'maxPods', before: '60', after: '50' }]],
  ])('shows a field that was %s by hand', async (_what, edited, fields) => {
    expect(await fieldsAfter(edited)).toEqual(fields)
  })

  test('is written again by another version of kubeadm, whose defaults differ', async () => {
    const sandbox = node({ [config]: stringify(written) })
    await sandbox.sh(`kubeadm() { echo v1.35.8; }\n${recordKubeletConfig}`)
    const change = resource.diff(
      await sandbox.probe(resource),
      { configuration: document, version: '1.36.4' },
      { watched: [] },
    )
    expect(change?.fields).toEqual([{ field: 'kubeadm', before: '1.35.8', after: '1.36.4' }])
  })

  test('shows a former key wherever the return of the former files was cut off', async () => {
    const put = (sandbox: Sandbox, folder: string, made: object) => {
      const text = stringify(made)
      const files = { [config]: text, [kubeletConfigCopy]: `# kubeadm v1.36.4\n${text}`, [kubeletRecordPath]: made }
      for (const [path, content] of Object.entries(files)) {
        const at = `${folder}${sandbox.inside(path)}`
        mkdirSync(dirname(at), { recursive: true })
        writeFileSync(at, typeof content === 'string' ? content : `${JSON.stringify(content)}\n`)
      }
    }
    const kept = keptKubelet()
    const [former, failed] = [kubeletConfiguration({ podPidsLimit: 9 }), kubeletConfiguration({ maxPods: 50 })]
    const neither = kubeletConfiguration({})
    const wanted = kubeletConfigurationFile(neither, '1.36.4')
    let hasEnded = false
    for (let before = 1; !hasEnded; before++) {
      const sandbox = node({})
      mkdirSync(sandbox.inside(startedFolder))
      put(sandbox, '', failed)
      put(sandbox, sandbox.inside(keptFolder(kept.unit)), former)
      const host = new PowerCut(sandbox, { systemctl: 'exit 0\n' })
      const { stdout } = await host.run(`${putBackFunction([kept])}put_back && echo ended`, before)
      hasEnded = stdout === 'ended\n'
      const change = wanted.diff(
        await sandbox.probe(wanted),
        { configuration: neither, version: '1.36.4' },
        { watched: [] },
      )
      const key = readFileSync(sandbox.inside(config), 'utf8').includes('podPidsLimit') ? 'podPidsLimit' : 'maxPods'
      expect([before, change?.fields.map(({ field }) => field)]).toEqual([before, expect.arrayContaining([key])])
    }
  })

  test.each([0, 1, 2])(
    'loses what a change wrote that was cut off after step %i and is not wanted any more',
    async steps => {
      const sandbox = node({ [config]: stringify(document) })
      await sandbox.sh(recordKubeletConfig)
      writeFileSync(sandbox.inside(kubeletRecordPath), kubeletRecord(document).content)
      const other = kubeletConfiguration({ podPidsLimit: 9 })
      const change = kubeletConfigurationFile(other, '1.36.4').converge(await sandbox.probe(resource), {
        configuration: other,
        version: '1.36.4',
      })
      for (const step of change.slice(0, steps)) {
        if ('write' in step) {
          writeFileSync(sandbox.inside(step.write), String(step.content))
        } else {
          writeFileSync(sandbox.inside(config), stringify(other))
          await sandbox.sh(recordKubeletConfig)
        }
      }
      const fields = resource.diff(
        await sandbox.probe(resource),
        { configuration: document, version: '1.36.4' },
        { watched: [] },
      )?.fields
      const isWritten = steps === 2
      expect(fields).toEqual(
        isWritten
          ? [
              { field: 'maxPods', after: '50' },
              { field: 'podPidsLimit', before: '9', after: '(default)' },
            ]
          : undefined,
      )
    },
  )
})

test('a change of a policy whose state the kubelet keeps says what becomes of the pods that run', async () => {
  const sandbox = node({ [config]: stringify(kubeletConfiguration({})) })
  const resource = kubeletConfigurationFile(
    kubeletConfiguration({ cpuManagerPolicy: 'static', reservedSystemCPUs: '0' }),
    '1.36.4',
  )
  const change = resource.diff(await sandbox.probe(resource), { configuration: {}, version: '1.36.4' }, { watched: [] })
  expect(change?.note).toContain('cpuManagerPolicy')
  expect(change?.note).toContain('kubectl drain')
})

describe("the kubelet's flags", () => {
  const path = '/var/lib/kubelet/kubeadm-flags.env'
  const line = (flags: string) => `KUBELET_KUBEADM_ARGS="${flags}"\n`
  const ofKubeadm =
    '--container-runtime-endpoint=unix:///run/containerd/containerd.sock --register-with-taints=a=b:NoSchedule'

  function wanted(address: string, ...more: readonly { readonly name: string; readonly value: string }[]) {
    const patch = { nodeRegistration: { kubeletExtraArgs: more } }
    const criSocket = 'unix:///run/containerd/containerd.sock'
    const settings = { name: 'w1', address, criSocket, taints: [], ignorePreflightErrors: [], bindPort: 6443, patch }
    return kubeletFlags(kubeletFlagsOf(initConfiguration(settings)))
  }

  test('are in desired state as kubeadm wrote them', async () => {
    const sandbox = node({ [path]: line(`${ofKubeadm} --v=2 --node-ip=192.0.2.21`) })
    const resource = wanted('192.0.2.21', { name: 'v', value: '2' })
    expect(resource.diff(await sandbox.probe(resource), { flags: [] }, { watched: [] })).toBeUndefined()
  })

  test('are none of a host that is no node', async () => {
    const resource = wanted('192.0.2.21')
    expect(resource.diff(await new Sandbox().probe(resource), { flags: [] }, { watched: [] })).toBeUndefined()
  })

  test("follow the node's address and what cluster.yaml adds, changes and takes out; kubeadm's own stay", async () => {
    const sandbox = node({ [path]: line(`${ofKubeadm} --node-ip=192.0.2.21 --v=2 --system-reserved=cpu=1`) })
    const resource = wanted('192.0.2.99', { name: 'v', value: '4' }, { name: 'log-flush-frequency', value: '1s' })
    const current = await sandbox.probe(resource)
    expect(resource.diff(current, { flags: [] }, { watched: [] })).toEqual({
      action: 'update',
      fields: [
        { field: '--node-ip', before: '192.0.2.21', after: '192.0.2.99' },
        { field: '--v', before: '2', after: '4' },
        { field: '--log-flush-frequency', after: '1s' },
        { field: '--system-reserved', before: 'cpu=1' },
      ],
    })
    const [step] = resource.converge(current, { flags: [] })
    if (step === undefined || !('write' in step)) throw new Error('expected a write step')
    expect(step).toMatchObject({
      write: path,
      content: line(`${ofKubeadm} --node-ip=192.0.2.99 --v=4 --log-flush-frequency=1s`),
    })
    writeFileSync(sandbox.inside(path), String(step.content))
    expect(readFileSync(sandbox.inside(path), 'utf8')).toBe(step.content)
    expect(resource.diff(await sandbox.probe(resource), { flags: [] }, { watched: [] })).toBeUndefined()
  })
})
