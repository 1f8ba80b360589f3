import { mkdirSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { FieldChange, ProbeResult, Step } from '../../src/core/index.ts'
import { type ClusterDocuments, otherRecord } from '../../src/resources/kubeadm/cluster-record.ts'
import { kubeadmConfiguration } from '../../src/resources/kubeadm/configuration.ts'
import { changeMarks } from '../../src/resources/kubeadm/configuration-state.ts'
import {
  clusterConfiguration,
  kubeletConfiguration,
  kubeProxyConfiguration,
} from '../../src/resources/kubeadm/documents.ts'
import { clusterRecord } from '../../src/resources/kubeadm/host-record.ts'
import { absent, answered, unreachable } from './api-given.ts'
import { throwAwayCa } from './certificate.ts'
import { Sandbox } from './sandbox.ts'
import { withoutRepeated } from './shared-functions.ts'

const settings = {
  name: 'edge',
  version: '1.36.4',
  endpoint: '127.0.0.1:7443',
  certSANs: ['cp1', '192.0.2.11', '2001:0db8::1'],
  podCIDR: '10.244.0.0/16',
  serviceCIDR: '10.96.0.0/12',
  nodePrefix: 24,
  clusterDomain: 'cluster.local',
  patch: {},
}

function documents(changes: Partial<typeof settings> = {}, kubelet = {}, kubeProxy = {}): ClusterDocuments {
  return {
    cluster: clusterConfiguration({ ...settings, ...changes }),
    kubelet: kubeletConfiguration(kubelet),
    kubeProxy: kubeProxyConfiguration(kubeProxy),
  }
}

const certificate = throwAwayCa().pem
const base64 = (text: string) => Buffer.from(text).toString('base64')

/** A cluster as kubeadm keeps it: `made` and kubeadm's defaults. */
function standing(
  made: ClusterDocuments,
  more: {
    readonly bindPort?: string
    readonly cutOff?: string
    readonly edited?: string
    readonly reply?: ProbeResult
    /** Whether somebody has deleted the DaemonSet of kube-proxy. */
    readonly hasNoProxy?: boolean
    /** What the host has recorded. Default: `made`. */
    readonly record?: ClusterDocuments | 'damaged' | 'none'
    /** What the cluster has recorded; default nothing. */
    readonly kept?: Readonly<Record<string, string>>
  } = {},
): ProbeResult {
  const map = (name: string, key: string, data: object) =>
    [`/api/v1/namespaces/kube-system/configmaps/${name}`, { data: { [key]: stringify(data) } }] as const
  const maps = [
    map('kubeadm-config', 'ClusterConfiguration', { ...made.cluster, certificatesDir: '/etc/kubernetes/pki', dns: {} }),
    map('kubelet-config', 'kubelet', { ...made.kubelet, rotateCertificates: true, imageGCHighThresholdPercent: 0 }),
    map('kube-proxy', 'config.conf', { mode: '', ...made.kubeProxy }),
    ['/api/v1/namespaces/kube-system/configmaps/evcctl', more.kept && { data: more.kept }] as const,
    ['/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy', more.hasNoProxy ? undefined : {}] as const,
  ]
  const { record = made } = more
  const reply = more.reply ?? answered(Object.fromEntries(maps))
  const local = [
    ...(more.cutOff === undefined ? [] : [`cutOff=${more.cutOff}`]),
    ...(more.edited === undefined ? [] : [`edited=kube-apiserver ${base64('made')} ${base64(more.edited)}`]),
    ...(record === 'none' ? [] : [`record=${base64(record === 'damaged' ? '{' : JSON.stringify(record))}`]),
    `certificate=${base64(certificate)}`,
    'advertiseAddress=192.0.2.11',
    `bindPort=${more.bindPort ?? '6443'}`,
    `version=${String(made.cluster.kubernetesVersion).slice(1)}`,
  ]
  return { ...reply, stdout: `${reply.stdout}${local.join('\n')}\n` }
}

function wanted(given: ClusterDocuments) {
  return kubeadmConfiguration({
    configuration: '/etc/evcctl/kubeadm.yaml',
    store: 'containerd',
    documents: given,
    advertiseAddress: '192.0.2.11',
    bindPort: 6443,
    file: 'cluster.yaml',
  })
}

function changeOf(resource: ReturnType<typeof wanted>, raw: ProbeResult) {
  return resource.diff(resource.probe.parse(raw), resource.desired as never, { watched: [] })
}

function commands(resource: ReturnType<typeof wanted>, raw: ProbeResult): readonly string[] {
  const steps: readonly Step[] = resource.converge(resource.probe.parse(raw), resource.desired as never)
  return steps.flatMap(step => ('run' in step ? kubeadmIn(step.run) : []))
}

function kubeadmIn(script: string): readonly string[] {
  return [...script.matchAll(/kubeadm init phase [a-z-]+ [a-z-]+/g)].map(match => match[0])
}

const extraArgs = { apiServer: { extraArgs: [{ name: 'v', value: '2' }] } }

describe('the configuration of a cluster', () => {
  test('is in desired state where it is as wanted, with what kubeadm adds', () => {
    expect(changeOf(wanted(documents()), standing(documents()))).toBeUndefined()
  })

  test('that is not there yet is made by kubeadm init', () => {
    expect(changeOf(wanted(documents()), absent)).toBeUndefined()
  })

  test('that cannot be asked for is said to be unknown', () => {
    expect(changeOf(wanted(documents()), unreachable)).toMatchObject({
      action: 'run',
      note: expect.stringContaining('cannot be compared'),
    })
  })

  test('that cannot be asked for is still known not to be changeable', () => {
    const raw = standing(documents(), { reply: unreachable })
    expect(changeOf(wanted(documents()), raw)?.refused).toBeUndefined()
    for (const other of [{ version: '1.36.3' }, { endpoint: '127.0.0.1:8443' }, { podCIDR: '10.1.0.0/16' }]) {
      expect(changeOf(wanted(documents(other)), raw)?.refused?.where).toMatch(/^cluster\.yaml spec\./)
    }
  })

  test('that cannot be asked for is changed all the same once it answers', () => {
    const resource = wanted(documents({ patch: extraArgs }))
    const raw = standing(documents(), { reply: unreachable, cutOff: 'control plane' })
    expect(changeOf(resource, raw)?.fields.map(({ field }) => field)).toEqual(['control plane', 'apiServer.extraArgs'])
    expect(commands(resource, raw)).toContain('kubeadm init phase control-plane all')
  })

  test.each([
    // What is put back may itself have been edited by hand: kubeadm makes it again.
    ['control plane', { cutOff: 'control plane' }, ['kubeadm init phase control-plane all']],
    ['kube-proxy', { kept: { changing: 'kube-proxy' } }, ['kubeadm init phase addon kube-proxy']],
  ])(
    'of which a change of the %s was cut off is changed again, though all is written down as wanted',
    (part, cutOff, phases) => {
      const resource = wanted(documents())
      const raw = standing(documents(), cutOff)
      expect(changeOf(resource, raw)?.fields.map(({ field }) => field)).toEqual([part])
      expect(commands(resource, raw)).toEqual(phases)
      expect(JSON.stringify(resource.converge(resource.probe.parse(raw), resource.desired as never))).toContain(
        'putting back the manifests',
      )
    },
  )

  test.each([['answers', undefined] as const, ['does not answer because of that', unreachable] as const])(
    'of which a manifest was edited by hand, and whose API server %s, is made again without waiting for that first',
    (_what, reply) => {
      const resource = wanted(documents())
      const raw = standing(documents(), { edited: 'by hand', ...(reply === undefined ? {} : { reply }) })
      expect(changeOf(resource, raw)?.fields).toEqual([
        { field: 'kube-apiserver.yaml, not as kubeadm made it last', before: 'by hand', after: 'made' },
      ])
      expect(commands(resource, raw)).toEqual(['kubeadm init phase control-plane all'])
      const steps = resource.converge(resource.probe.parse(raw), resource.desired as never)
      expect(steps.findIndex(step => 'until' in step)).toBeGreaterThan(
        steps.findIndex(step => 'run' in step && step.run.includes('kubeadm init phase control-plane')),
      )
    },
  )

  test('whose API server does not answer before its static pods change is not waited for', () => {
    const resource = wanted(documents({ patch: extraArgs }, { maxPods: 50 }))
    const raw = standing(documents(), { reply: unreachable })
    const steps = resource.converge(resource.probe.parse(raw), resource.desired as never)
    const at = (text: string) => steps.findIndex(step => 'run' in step && step.run.includes(text))
    expect(at('kubeadm init phase control-plane all')).toBe(1)
    expect(steps.findIndex(step => 'until' in step)).toBe(2)
    expect(at('upload-config kubelet')).toBeGreaterThan(2)
  })

  test('of which only another API server answers gets its static pods all the same', async () => {
    const resource = wanted(documents({ patch: extraArgs, certSANs: ['cp1', 'new'] }, { maxPods: 50 }))
    const raw = standing(documents())
    const steps = resource.converge(resource.probe.parse(raw), resource.desired as never)
    const swap = steps.findIndex(step => 'run' in step && step.run.includes('kubeadm init phase control-plane all'))
    expect(steps.findIndex(step => 'until' in step)).toBeGreaterThan(swap)
    const waits = steps.slice(0, swap).filter(step => 'run' in step && step.run.includes('before its change'))
    expect(waits).toHaveLength(2)
    const stubs = 'now=0\ndate() { echo "$now"; }\nsleep() { now=$(( now + 100 )); }\nkubectl() { return 1; }\n'
    for (const step of waits) {
      const script = 'run' in step ? step.run.replaceAll('/usr/local/bin/kubectl', 'kubectl') : ''
      expect(await new Sandbox().sh(`set -eu\n${stubs}${script}`)).toMatchObject({ exitCode: 0 })
    }
  })

  test.each<[string, ClusterDocuments, readonly string[], readonly string[]]>([
    [
      'arguments of a component',
      documents({ patch: extraArgs }),
      ['apiServer.extraArgs'],
      ['kubeadm init phase control-plane all', 'kubeadm init phase upload-config kubeadm'],
    ],
    [
      'a name in the certificate',
      documents({ certSANs: ['cp1', '192.0.2.11', '2001:0db8::1', 'api.example'] }),
      ['apiServer.certSANs', 'name in the API server certificate'],
      [
        'kubeadm init phase certs apiserver',
        'kubeadm init phase control-plane all',
        'kubeadm init phase upload-config kubeadm',
      ],
    ],
    [
      'a setting of the kubelets',
      documents({}, { maxPods: 50 }),
      ['kubelet maxPods'],
      ['kubeadm init phase upload-config kubelet'],
    ],
    [
      'a setting of kube-proxy',
      documents({}, {}, { mode: 'nftables' }),
      ['kube-proxy mode'],
      ['kubeadm init phase addon kube-proxy'],
    ],
  ])('%s: shown by field, written by the phases it needs', (_what, given, fields, phases) => {
    const resource = wanted(given)
    const raw = standing(documents())
    expect(changeOf(resource, raw)?.fields.map(({ field }) => field)).toEqual(fields)
    expect(changeOf(resource, raw)?.refused).toBeUndefined()
    expect(commands(resource, raw)).toEqual(phases)
  })

  test('whose kube-proxy somebody has deleted gets it back, though its configuration is still there', () => {
    const raw = standing(documents(), { hasNoProxy: true })
    expect(changeOf(wanted(documents()), raw)?.fields).toEqual([{ field: 'kube-proxy', after: 'created' }])
    expect(commands(wanted(documents()), raw)).toEqual(['kubeadm init phase addon kube-proxy'])
  })

  test.each([true, false])('whose kube-proxy people have replaced, or installed, knows of that (%s)', disabled => {
    const [there, given] = [!disabled, disabled].map(off => ({
      ...documents(off ? { patch: { proxy: { disabled: true } } } : {}),
      ...(off ? { kubeProxy: undefined } : {}),
    }))
    const raw = standing(there!, { hasNoProxy: disabled })
    expect(changeOf(wanted(given!), raw)?.refused).toBeUndefined()
    expect(commands(wanted(given!), raw)).toContain('kubeadm init phase upload-config kubeadm')
    const before = standing(there!, { hasNoProxy: !disabled })
    expect(changeOf(wanted(given!), before)?.refused?.where).toContain('proxy.disabled')
  })

  test('what is taken out of cluster.yaml goes back to its default', () => {
    const change = changeOf(wanted(documents()), standing(documents({ patch: extraArgs }, { maxPods: 50 })))
    const own = '{"name":"shutdown-watch-termination-grace-period","value":"5s"}'
    expect(change?.fields).toEqual([
      { field: 'apiServer.extraArgs', before: `[${own},{"name":"v","value":"2"}]`, after: `[${own}]` },
      { field: 'kubelet maxPods', before: '50', after: '(default)' },
    ])
  })

  describe('that was changed through another control plane node', () => {
    const through = (made: ClusterDocuments) => ({ record: documents(), kept: { documents: JSON.stringify(made) } })

    test('is as wanted when the static pods of this host are', () => {
      const given = documents({}, { maxPods: 50 }, { mode: 'nftables' })
      expect(changeOf(wanted(given), standing(given, through(given)))).toBeUndefined()
    })

    test('has no key that another one has written and that was taken out of cluster.yaml since', () => {
      const given = documents({ patch: { scheduler: extraArgs.apiServer } }, { maxPods: 50 }, { mode: 'nftables' })
      const raw = standing(given, through(given))
      expect(changeOf(wanted(documents()), raw)?.fields).toEqual([
        { field: 'scheduler.extraArgs', before: '[{"name":"v","value":"2"}]', after: '(default)' },
        { field: 'kubelet maxPods', before: '50', after: '(default)' },
        { field: 'kube-proxy mode', before: 'nftables', after: '(default)' },
      ])
    })

    test('has no key that a change has written which failed later, and that was taken out of cluster.yaml since', () => {
      const failed = documents({ patch: { scheduler: extraArgs.apiServer } }, { maxPods: 50 }, { mode: 'nftables' })
      const kept = { documents: JSON.stringify(documents()), begun: JSON.stringify(failed) }
      const raw = standing(failed, { record: documents(), kept })
      expect(changeOf(wanted(documents()), raw)?.fields).toEqual([
        { field: 'scheduler.extraArgs', before: '[{"name":"v","value":"2"}]', after: '(default)' },
        { field: 'kubelet maxPods', before: '50', after: '(default)' },
        { field: 'kube-proxy mode', before: 'nftables', after: '(default)' },
      ])
    })

    test('is recorded as being changed before anything is uploaded, and no more once all is done', () => {
      const given = documents({}, { maxPods: 50 }, { mode: 'nftables' })
      const raw = standing(given, through(documents()))
      const steps = wanted(given).converge(wanted(given).probe.parse(raw), { documents: given })
      const texts = steps.map(step => ('run' in step ? step.run : ''))
      const at = (text: string) => texts.findIndex(script => script.includes(text))
      expect(at('field-manager=evcctl-begun')).toBeGreaterThanOrEqual(0)
      expect(at('field-manager=evcctl-begun')).toBeLessThan(at('kubeadm init phase addon kube-proxy'))
      expect(at('"begun":null')).toBeGreaterThan(at('upload-config kubelet'))
      const earlier = documents({}, { podPidsLimit: 9 })
      const again = standing(given, { record: documents(), kept: { begun: JSON.stringify(earlier) } })
      const later = wanted(given).converge(wanted(given).probe.parse(again), { documents: given })
      expect(later.find(step => 'run' in step && step.run.includes('evcctl-begun'))).toMatchObject({
        run: expect.stringMatching(/podPidsLimit.*maxPods|maxPods.*podPidsLimit/),
      })
    })

    test('may lack zeros that kubeadm does not write, but for those of a change that did not end', () => {
      const given = documents({}, { maxPods: 0, readOnlyPort: 0, protectKernelDefaults: false })
      const kept = { documents: JSON.stringify(given) }
      expect(changeOf(wanted(given), standing(documents(), { record: given, kept }))).toBeUndefined()
      const raw = standing(documents(), { record: given, kept: { ...kept, begun: JSON.stringify(given) } })
      expect(changeOf(wanted(given), raw)?.fields.map(({ field }) => field)).toEqual([
        'kubelet maxPods',
        'kubelet readOnlyPort',
        'kubelet protectKernelDefaults',
      ])
    })

    test('may lack zeros of what kubeadm cannot change, whatever did not end', () => {
      const given = documents({ patch: { dns: { imageTag: '' }, etcd: { local: { extraArgs: [] } } } })
      const kept = { documents: JSON.stringify(given), begun: JSON.stringify(given) }
      expect(changeOf(wanted(given), standing(documents(), { record: given, kept }))).toEqual({
        action: 'update',
        fields: [{ field: 'record of a change', before: 'cut off', after: 'ended' }],
      })
    })

    test('has a kube-proxy that is wanted no more, with what a change set in it that did not end', () => {
      const given = { ...documents(), kubeProxy: undefined }
      const begun = documents({}, {}, { conntrack: { maxPerCore: 5 } })
      const raw = standing(begun, { record: documents(), kept: { begun: JSON.stringify(begun) } })
      const steps = wanted(given).converge(wanted(given).probe.parse(raw), { documents: given })
      expect(steps.find(step => 'write' in step)).toMatchObject({ content: expect.stringContaining('"maxPerCore":5') })
    })

    test('is not said to be a failure of kubeadm where another step fails', () => {
      const given = documents({}, { maxPods: 50 }, { mode: 'nftables' })
      const resource = wanted(given)
      const told = resource
        .converge(resource.probe.parse(standing(documents())), { documents: given })
        .map((one, step) => {
          const failure = { step, exitCode: 124, stdout: '', stderr: '' }
          return [
            'until' in one ? one.what : 'run' in one ? kubeadmIn(one.run).join() : one,
            resource.explain?.(failure, resource.desired as never, one)?.problem,
          ]
        })
      expect(told).toEqual([
        ['', undefined],
        ['the API server is ready', undefined],
        ['', undefined],
        ['kubeadm init phase addon kube-proxy', 'kubeadm init phase took too long and was ended.'],
        ['', 'The rollout of kube-proxy has not reached all nodes.'],
        ['', undefined],
        ['kubeadm init phase upload-config kubelet', 'kubeadm init phase took too long and was ended.'],
        ['', undefined],
        [expect.objectContaining({ mode: 0o600 }), undefined],
      ])
    })

    test('keeps its record of a change that could not be compared while the API server did not answer', async () => {
      const raw = standing(documents(), { reply: unreachable, cutOff: 'control plane' })
      const resource = wanted(documents())
      const steps = resource.converge(resource.probe.parse(raw), { documents: documents() })
      const at = (text: string) => steps.findIndex(step => 'run' in step && step.run.includes(text))
      expect(at(otherRecord)).toBeGreaterThan(steps.findIndex(step => 'until' in step))
      expect(at(otherRecord)).toBeLessThan(at('"begun":null'))
      const guard = steps[at(otherRecord)] as { readonly run: string }
      const failure = { step: at(otherRecord), stdout: '', stderr: otherRecord, exitCode: 1 }
      expect(resource.explain?.(failure, resource.desired as never, guard)).toMatchObject({
        next: expect.stringContaining('apply again'),
      })
      const sandbox = new Sandbox()
      const other = JSON.stringify(documents({}, { maxPods: 50 }))
      const same = clusterRecord(documents())
      mkdirSync(sandbox.inside('/var/lib/evcctl'), { recursive: true })
      writeFileSync(sandbox.inside(same.path), same.content)
      for (const [begun, made, exitCode] of [
        ['', '', 0],
        ['', same.content.trim(), 0],
        ['', other, 1],
        [other, same.content.trim(), 1],
      ] as const) {
        const kubectl = `kubectl() { case $* in *begun*) printf %s '${begun}';; *) printf %s '${made}';; esac; }\n`
        const script = `${kubectl}${guard.run.replaceAll('/usr/local/bin/kubectl', 'kubectl')}`
        expect(await sandbox.run([{ run: script }])).toMatchObject({ exitCode })
      }
    })

    test('counts as cut off until all of a change is recorded, whose static pods may be up long before', () => {
      const given = documents({ patch: extraArgs })
      const steps = wanted(given).converge(wanted(given).probe.parse(standing(documents())), { documents: given })
      const texts = steps.map(step => ('run' in step ? step.run : 'write' in step ? step.write : ''))
      const forgets = texts.findIndex(text => text.startsWith(`rm -f ${changeMarks['control plane']}`))
      expect(forgets).toBe(texts.length - 1)
      expect(texts.at(-2)).toBe(clusterRecord(given).path)
      // Where the script itself puts the former manifests back, it has failed.
      const script = texts.find(text => text.includes('kubeadm init phase control-plane all'))!
      expect(script.slice(script.lastIndexOf('exit 1'))).not.toContain(changeMarks['control plane'])
    })

    test('gets other arguments though its API server takes no writes before', () => {
      const given = documents({ patch: extraArgs })
      const steps = wanted(given).converge(wanted(given).probe.parse(standing(documents())), { documents: given })
      const at = (text: string) => steps.findIndex(step => 'run' in step && step.run.includes(text))
      expect(at('kubeadm init phase control-plane all')).toBeGreaterThan(0)
      expect(at('field-manager=evcctl-begun')).toBeGreaterThan(at('kubeadm init phase control-plane all'))
      expect(at('field-manager=evcctl-begun')).toBeLessThan(at('upload-config kubeadm'))
    })

    test('has no kube-proxy any more: a change of it that was cut off is forgotten', () => {
      const given = { ...documents(), kubeProxy: undefined }
      const raw = standing(documents(), {
        record: given,
        kept: { documents: JSON.stringify(given), changing: 'kube-proxy' },
      })
      expect(changeOf(wanted(given), raw)?.fields).toMatchObject([{ field: 'kube-proxy' }])
      expect(commands(wanted(given), raw)).toEqual([])
      const steps = wanted(given).converge(wanted(given).probe.parse(raw), { documents: given })
      expect(JSON.stringify(steps)).toContain('changing')
    })

    test('has what the other one has written and not seen through', () => {
      const given = documents({}, { maxPods: 50 }, { mode: 'nftables' })
      const raw = standing(given, through(documents()))
      expect(changeOf(wanted(given), raw)?.fields).toEqual([
        { field: 'kubelet maxPods', after: '50' },
        { field: 'kube-proxy mode', after: 'nftables' },
      ])
      expect(commands(wanted(given), raw)).toEqual([
        'kubeadm init phase addon kube-proxy',
        'kubeadm init phase upload-config kubelet',
      ])
    })

    test.each(['{', '[]', '1', '{"cluster":1}'])('is compared with what is there where the record says %s', damaged => {
      const raw = standing(documents({}, { maxPods: 50 }), { record: documents(), kept: { documents: damaged } })
      expect(changeOf(wanted(documents({}, { maxPods: 60 })), raw)?.fields).toContainEqual({
        field: 'kubelet maxPods',
        before: '50',
        after: '60',
      })
    })

    const before = documents({ patch: { scheduler: { extraArgs: [{ name: 'profiling', value: 'false' }] } } })

    test.each<[string, ClusterDocuments, readonly FieldChange[]]>([
      [
        'has other arguments',
        documents({ patch: { scheduler: extraArgs.apiServer, apiServer: { certSANs: ['cp1'] } } }),
        [
          { field: 'apiServer.certSANs', before: '["cp1","192.0.2.11","2001:0db8::1"]', after: '["cp1"]' },
          { field: 'scheduler.extraArgs[0].name', before: 'profiling', after: 'v' },
          { field: 'scheduler.extraArgs[0].value', before: 'false', after: '2' },
        ],
      ],
      [
        'has an argument less',
        documents(),
        [{ field: 'scheduler.extraArgs', before: '[{"name":"profiling","value":"false"}]', after: '(default)' }],
      ],
    ])('and %s: the static pods of this host follow', (_what, given, fields) => {
      const raw = standing(given, { record: before })
      expect(changeOf(wanted(given), raw)).toEqual({ action: 'update', fields })
      expect(commands(wanted(given), raw)).toContain('kubeadm init phase control-plane all')
    })

    test('is not recorded by a later change of something else before the static pods of this host have it', () => {
      const later = documents({ patch: extraArgs }, { maxPods: 50 })
      const raw = standing(documents({ patch: extraArgs }), { record: documents() })
      expect(changeOf(wanted(later), raw)?.fields.map(({ field }) => field)).toEqual([
        'apiServer.extraArgs',
        'kubelet maxPods',
      ])
      expect(commands(wanted(later), raw)).toContain('kubeadm init phase control-plane all')
    })

    test.each(['damaged', 'none'] as const)('has static pods made again where the record is %s', record => {
      const raw = standing(documents(), { record })
      expect(changeOf(wanted(documents()), raw)?.fields).toContainEqual({
        field: 'static pods',
        before: 'not known',
        after: 'made again',
      })
      expect(commands(wanted(documents()), raw)).toContain('kubeadm init phase control-plane all')
    })
  })

  test.each<[string, ProbeResult, ClusterDocuments, string, string]>([
    [
      'pod range',
      standing(documents()),
      documents({ podCIDR: '10.1.0.0/16' }),
      'spec.network.podCIDR',
      '10.244.0.0/16',
    ],
    [
      'service range',
      standing(documents()),
      documents({ serviceCIDR: '10.2.0.0/16' }),
      'spec.network.serviceCIDR',
      '10.96.0.0/12',
    ],
    [
      'domain',
      standing(documents()),
      documents({ clusterDomain: 'other' }),
      'spec.kubernetes.clusterDomain',
      'cluster.local',
    ],
    [
      'port of the API server',
      standing(documents(), { bindPort: '8443' }),
      documents(),
      'spec.controlPlane.bindPort',
      '8443',
    ],
    [
      'anything else of kubeadm',
      standing(documents()),
      documents({ patch: { featureGates: { NodeLocalCRISocket: true } } }),
      'spec.kubernetes.clusterConfiguration.featureGates.NodeLocalCRISocket',
      'nothing',
    ],
  ])('another %s is refused', (_what, raw, given, key, before) => {
    const resource = wanted(given)
    expect(changeOf(resource, raw)?.refused).toMatchObject({
      where: `cluster.yaml ${key}`,
      expected: `${before}, as the cluster has it`,
    })
    expect(commands(resource, raw)).toEqual([])
  })

  describe('of another version', () => {
    const from = (version: string) => standing(documents({ version }))

    test.each(['1.35.8', '1.36.3'])(
      'is upgraded from %s: images, certificates, static pods and etcd, then ConfigMaps',
      version => {
        const resource = wanted(documents())
        const raw = from(version)
        expect(changeOf(resource, raw)).toMatchObject({
          action: 'update',
          fields: [{ field: 'kubernetesVersion', before: `v${version}`, after: 'v1.36.4' }],
        })
        expect(changeOf(resource, raw)?.refused).toBeUndefined()
        const steps = resource.converge(resource.probe.parse(raw), resource.desired as never)
        const texts = steps.map(step => ('run' in step ? step.run : ''))
        const order = [
          'upload-config kubelet',
          'kubeadm config images list',
          'kubeadm certs renew',
          'kubeadm init phase etcd local',
          'upload-config kubeadm',
        ].map(text => texts.findIndex(script => script.includes(text)))
        expect(order).toEqual(order.toSorted((one, other) => one - other))
        expect(order[0]).toBeGreaterThanOrEqual(0)
      },
    )

    test('leaves an external etcd as it is', () => {
      const etcd = { external: { endpoints: ['https://192.0.2.31:2379'] } }
      const resource = wanted(documents({ patch: { etcd } }))
      const raw = standing(documents({ version: '1.36.3', patch: { etcd } }))
      expect(commands(resource, raw)).not.toContain('kubeadm init phase etcd local')
      expect(commands(resource, raw)).toContain('kubeadm init phase control-plane all')
    })

    test.each([
      ['1.34.4', 'cannot leave out a minor', '1.35.x'],
      ['1.36.5', 'cannot go back', 'v1.36.5'],
      ['1.37.0', 'cannot go back', 'v1.37.0'],
    ])('is refused from %s, with what is possible', (version, problem, expected) => {
      const resource = wanted(documents())
      expect(changeOf(resource, from(version))?.refused).toMatchObject({
        where: 'cluster.yaml spec.kubernetes.version',
        problem: expect.stringContaining(problem),
        expected: expect.stringContaining(expected),
      })
      expect(commands(resource, from(version))).toEqual([])
    })

    test('leaves kube-proxy at its version until all API servers have theirs', () => {
      const resource = wanted(documents({}, {}, { mode: 'nftables' }))
      const steps = resource.converge(resource.probe.parse(from('1.35.8')), resource.desired as never)
      const proxy = steps.find(step => 'run' in step && step.run.includes('addon kube-proxy'))
      expect(proxy).toMatchObject({ run: expect.stringContaining('kubernetesVersion: v1.35.8') })
    })
  })

  test('has scripts that put back what does not come up', async () => {
    const resource = wanted(
      documents({ patch: extraArgs, certSANs: ['cp1', 'new'] }, { maxPods: 50 }, { mode: 'nftables' }),
    )
    const steps = resource.converge(resource.probe.parse(standing(documents())), resource.desired as never)
    const text = steps.map(step =>
      'run' in step
        ? step.run
        : 'until' in step
          ? `until: ${step.what}\n${step.until.script}\n`
          : `${JSON.stringify(step)}\n`,
    )
    const shown = await withoutRepeated(text.join('--- next step\n'))
    await expect(shown).toMatchFileSnapshot('../goldens/resources/kubeadm-configuration.sh')
  })
})
