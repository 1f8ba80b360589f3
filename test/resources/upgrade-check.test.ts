import { describe, expect, test } from 'vitest'
import type { Change, ProbeResult } from '../../src/core/index.ts'
import { upgradeCheck } from '../../src/resources/drain/index.ts'
import { printRequested } from '../../src/resources/drain/requested-apis.ts'
import { kubeadmApi } from '../../src/resources/kubeadm/api-access.ts'
import { sh } from '../kit/local-sh.ts'
import { absent, nodesAnswered, unreachable } from './api-given.ts'

interface NodeGiven {
  readonly ready?: string
  readonly unschedulable?: boolean
  readonly annotations?: Readonly<Record<string, string>>
}

const node = (name: string, { ready = 'True', unschedulable = false, annotations = {} }: NodeGiven = {}) => ({
  metadata: { name, annotations },
  spec: { unschedulable },
  status: { conditions: [{ type: 'Ready', status: ready }] },
})
const byEvcctl = { unschedulable: true, annotations: { 'evcctl.dev/cordoned-by': 'evcctl' } }

const metric = (resource: string, removed: string) =>
  `{group="batch",removed_release="${removed}",resource="${resource}",subresource="",version="v1beta1"} 1`

function answer(nodes: readonly object[], ...lines: readonly string[]): ProbeResult {
  const raw = nodesAnswered(...nodes)
  return { ...raw, stdout: `${raw.stdout}etcd=ok\n${lines.join('\n')}\n` }
}

function check({ ignored = [] }: { readonly ignored?: readonly ('upgradeNodes' | 'upgradeApis')[] } = {}) {
  return upgradeCheck({ api: kubeadmApi, version: '1.36.4', untouched: ['cp1', 'cp2'], ignored })
}

function diff(raw: ProbeResult, resource = check()): Change | undefined {
  return resource.diff(resource.probe.parse(raw), { version: '1.36.4' }, { watched: [] })
}

const well = [node('cp1'), node('cp2'), node('cp3'), node('w1')]

describe('an upgrade begins', () => {
  test.each<[string, ProbeResult]>([
    ['all nodes are well', answer(well, 'metrics=answered')],
    ['a worker is not Ready, or cordoned', answer([...well, node('w2', { ready: 'Unknown', unschedulable: true })])],
    ['evcctl itself cordoned a node, in a run that was cut off', answer([node('cp1', byEvcctl), node('cp2')])],
    [
      'a node that an earlier run upgraded is not Ready',
      answer([node('cp1'), node('cp2'), node('cp3', { ready: 'False' })]),
    ],
    [
      'an API is in use that a later version removes',
      answer(well, `requested=${metric('jobs', '1.37')}`, 'metrics=answered'),
    ],
    ['the API server does not tell which APIs are in use', answer(well)],
    ['the API server does not answer, as after a run that was cut off', unreachable],
    ['there is no cluster yet', absent],
  ])('where %s', (_what, raw) => {
    expect(diff(raw)).toBeUndefined()
  })
})

describe('an upgrade is refused, with the way on,', () => {
  test.each<[string, ProbeResult, string, string]>([
    [
      'a control plane node is not Ready',
      answer([node('cp1'), node('cp2', { ready: 'Unknown' })]),
      'cp2, a control plane node, is not Ready',
      'upgradeNodes',
    ],
    [
      'a control plane node tells nothing of itself',
      answer([node('cp1'), { metadata: { name: 'cp2' } }]),
      'cp2, a control plane node, is not Ready',
      'upgradeNodes',
    ],
    [
      'somebody has cordoned a control plane node',
      answer([node('cp1'), node('cp2', { unschedulable: true })]),
      'cp2, a control plane node, was cordoned by somebody',
      'upgradeNodes',
    ],
    [
      'clients use an API that it removes',
      answer(well, `requested=${metric('cronjobs', '1.36')}`, 'metrics=answered'),
      'clients use cronjobs.v1beta1.batch, which Kubernetes 1.36 removes',
      'upgradeApis',
    ],
    [
      'clients use an API that is gone before',
      answer(well, `requested=${metric('cronjobs', '1.9')}`, 'metrics=answered'),
      'clients use cronjobs.v1beta1.batch, which Kubernetes 1.9 removes',
      'upgradeApis',
    ],
  ])('where %s', (_what, raw, actual, name) => {
    const refused = diff(raw)?.refused
    expect(refused).toMatchObject({ problem: 'The upgrade to 1.36.4 does not begin.', actual })
    expect(refused?.next).toContain(`spec.preflight.ignore: [${name}]`)
    expect(diff(raw, check({ ignored: [name as 'upgradeNodes'] }))).toBeUndefined()
  })
})

test('what is refused is not written', () => {
  const resource = check()
  expect(resource.converge(resource.probe.parse(absent), { version: '1.36.4' })).toEqual([
    { run: expect.stringContaining('exit 1') },
  ])
})

describe('the metrics of an API server', () => {
  const read = (text: string) => sh(printRequested, { stdin: text })

  test('are cut to the deprecated APIs in use', () => {
    const text = `# HELP apiserver_requested_deprecated_apis Gauge
apiserver_requested_deprecated_apis${metric('cronjobs', '1.36')}
apiserver_requested_deprecated_apis${metric('gone', '1.36').replace(/1$/, '0')}
apiserver_request_total{code="200"} 1
# answered
`
    expect(read(text).stdout).toBe(`requested=${metric('cronjobs', '1.36')}\nmetrics=answered\n`)
  })

  test('without their end, or with more lines than there can be, count as not known', () => {
    const state = (text: string) => {
      const { stdout } = read(text)
      const found = check().probe.parse(answer(well, stdout))
      return found.api === 'answered' ? found.requested : found
    }
    const line = `apiserver_requested_deprecated_apis${metric('cronjobs', '1.36')}\n`
    expect(state(line)).toBeUndefined()
    expect(state(`${line.repeat(300)}# answered\n`)).toBeUndefined()
    expect(state(`${line}# answered\n`)).toHaveLength(1)
  })

  test.each([
    '{group="",removed_release="1.36",resource="a b",subresource="",version="v1"} 1',
    `{group="",removed_release="1.36",resource="${'x'.repeat(200)}",subresource="",version="v1"} 1`,
    '{group="",removed_release="9.36",resource="jobs",subresource="",version="v1"} 1',
    '{group="",removed_release="",resource="jobs",subresource="",version="v1"} 1',
    '{resource="jobs"} 1',
    '\u001b[31m',
  ])('of another shape are left out: %s', line => {
    expect(check().probe.parse(answer(well, `requested=${line}`, 'metrics=answered'))).toMatchObject({ requested: [] })
  })
})
