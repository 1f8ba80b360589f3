import { describe, expect, test } from 'vitest'
import type { Change, ProbeResult } from '../../src/core/index.ts'
import { type DrainSettings, drained, evictionOf } from '../../src/resources/drain/index.ts'
import { rowsIn } from '../../src/resources/drain/pod-rows.ts'
import { kubeadmApi } from '../../src/resources/kubeadm/api-access.ts'
import { absent, nodesAnswered, unreachable } from './api-given.ts'
import { budgetRow, podRow } from './drain-given.ts'
import { runStep } from './run-step.ts'

const settings: DrainSettings = { timeout: 60_000, deleteEmptyDirData: true, force: false }

function wanted(given: Partial<DrainSettings> = {}) {
  return drained({ api: kubeadmApi, node: 'w1', drain: { ...settings, ...given } })
}

interface NodeGiven {
  readonly cordoned?: boolean
  readonly ready?: string
}

function answer({ cordoned = false, ready = 'True' }: NodeGiven, ...rows: readonly string[]): ProbeResult {
  const spec = cordoned ? { unschedulable: true } : {}
  const status = { conditions: [{ type: 'Ready', status: ready }] }
  const nodes = nodesAnswered({ metadata: { name: 'w1' }, spec, status })
  return { ...nodes, stdout: `${nodes.stdout}pods=answered\n${rows.join('\n')}\n` }
}

function diff(raw: ProbeResult, given: Partial<DrainSettings> = {}): Change | undefined {
  const resource = wanted(given)
  return resource.diff(resource.probe.parse(raw), { drained: true }, { watched: [] })
}

const web = { name: 'web-1', labels: { app: 'web' } }

describe('the pods that a drain evicts', () => {
  test('are all of the node but static pods and those of DaemonSets', () => {
    const rows = [
      podRow({ name: 'a' }),
      podRow({ name: 'b', controller: 'DaemonSet' }),
      podRow({ name: 'c', controller: 'Node', mirror: 'f00' }),
      podRow({ name: 'd', controller: 'DaemonSet', phase: 'Failed' }),
      podRow({ name: 'e', node: 'w10' }),
      podRow({ name: 'f', controller: '', phase: 'Succeeded' }),
    ]
    const { pods, unmanaged } = evictionOf(rowsIn(rows.join('\n')), 'w1', settings)
    expect(pods).toEqual(['shop/a', 'shop/d', 'shop/f'])
    expect(unmanaged).toEqual([])
  })

  const keeps = ['PodDisruptionBudget shop/web: 0 allowed, keeps shop/web-1']
  test.each<[string, Parameters<typeof podRow>[0], readonly Parameters<typeof budgetRow>[0][], readonly string[]]>([
    ['0 disruptions allowed', web, [{}], keeps],
    ['1 allowed', web, [{ allowed: 1 }], []],
    ['another namespace', web, [{ namespace: 'bank' }], []],
    ['other labels', { ...web, labels: { app: 'db' } }, [{}], []],
    [
      'an expression that fits',
      web,
      [{ selector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['web', 'db'] }] } }],
      keeps,
    ],
    [
      'an expression that does not fit',
      web,
      [{ selector: { matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] } }],
      [],
    ],
    ['an empty selector', web, [{ selector: {} }], keeps],
    ['no selector', web, [{ selector: undefined }], []],
    ['a pod that is not ready, of a healthy budget', { ...web, ready: 'False' }, [{ healthy: 2, needed: 2 }], []],
    [
      'a pod that is not ready, of a budget with too few',
      { ...web, ready: 'False' },
      [{ healthy: 1, needed: 2 }],
      keeps,
    ],
    [
      'a pod that is not ready, and a policy that lets it go',
      { ...web, ready: 'False' },
      [{ policy: 'AlwaysAllow' }],
      [],
    ],
    ['a pod that waits to start', { ...web, phase: 'Pending', ready: '' }, [{}], []],
    ['a pod that ends already', { ...web, deletion: '2026-01-01T00:00:00Z' }, [{}], []],
    [
      'two budgets',
      web,
      [{ allowed: 1 }, { name: 'all', allowed: 1 }],
      ['PodDisruptionBudgets shop/web, shop/all: with more than one, the API server evicts no pod, keeps shop/web-1'],
    ],
  ])('are held up by a PodDisruptionBudget as the API server decides it: %s', (_what, pod, budgets, blockers) => {
    const rows = [podRow(pod), ...budgets.map(budgetRow)]
    expect(evictionOf(rowsIn(rows.join('\n')), 'w1', settings).blockers).toEqual(blockers)
  })

  test('are read from rows of any text: what is no row is left out', () => {
    const rows = ['Pod\tshop', `${podRow({ name: 'a;b' })}`, podRow({ name: 'a' }).replace('{"app":"web"}', '{'), 'x']
    expect(evictionOf(rowsIn(rows.join('\n')), 'w1', settings).pods).toEqual(['shop/a'])
  })
})

describe('a plan', () => {
  test.each<[string, ProbeResult, string | undefined]>([
    ['says how many pods move', answer({}, podRow({ name: 'a' }), podRow({ name: 'b' })), 'cordon, drain (2 pods)'],
    [
      'names what will block',
      answer({}, podRow(web), budgetRow({})),
      'cordon, drain (1 pod; blocked by PodDisruptionBudget shop/web: 0 allowed, keeps shop/web-1)',
    ],
    ['goes on with a node that is cordoned already', answer({ cordoned: true }, podRow(web)), 'drain (1 pod)'],
    ['cordons an empty node', answer({}), 'cordon, drain (0 pods)'],
    [
      'has nothing to do on a node that is drained',
      answer({ cordoned: true }, podRow({ controller: 'DaemonSet' })),
      undefined,
    ],
    [
      'waits for no pod of a node that does not report',
      answer({ ready: 'Unknown' }, podRow(web)),
      'cordon; it does not report, so its pods are not waited for',
    ],
    [
      'leaves such a node alone once it is cordoned',
      answer({ ready: 'Unknown', cordoned: true }, podRow(web)),
      undefined,
    ],
    [
      'drains a node that reports that it is not ready',
      answer({ ready: 'False' }, podRow(web)),
      'cordon, drain (1 pod)',
    ],
    ['has nothing to do where the node is not in the cluster', nodesAnswered({ metadata: { name: 'w2' } }), undefined],
    ['has nothing to do where there is no cluster', absent, undefined],
    [
      'says that the API server does not answer',
      unreachable,
      'the API server does not answer, so its pods are not known: Failed to connect to 127.0.0.1 port 7443 after 0 ms: Connection refused',
    ],
    [
      'says that the list of pods is missing',
      { ...nodesAnswered({ metadata: { name: 'w1' } }), stderr: 'error: no\nno pods today\n' },
      'the API server does not answer, so its pods are not known: no pods today',
    ],
  ])('%s', (_what, raw, note) => {
    expect(diff(raw)?.note).toBe(note)
  })

  test('refuses pods that nothing would start again, unless they may be deleted', () => {
    const raw = answer({}, podRow({ name: 'debug', controller: '' }))
    expect(diff(raw)?.refused).toMatchObject({ actual: 'shop/debug', next: expect.stringContaining('force: true') })
    expect(diff(raw, { force: true })?.refused).toBeUndefined()
  })

  test('refuses to lose data of an emptyDir where the file says so', () => {
    const raw = answer({}, podRow({ name: 'cache', emptyDir: '{}' }))
    expect(diff(raw)?.refused).toBeUndefined()
    expect(diff(raw, { deleteEmptyDirData: false })?.refused?.actual).toBe('shop/cache')
  })

  test('asks for the pods of one or two nodes by themselves, and for those of many with one question', () => {
    const { survey } = wanted().probe.shared!.asks[1]!
    expect(survey.script(['w1'])).toContain('--field-selector=spec.nodeName=w1')
    const many = survey.script(['w1', 'w2', 'w3'])
    expect(many).not.toContain('field-selector')
    expect(many.match(/get pods,poddisruptionbudgets/g)).toHaveLength(1)
  })
})

/**
 * kubectl of a cluster with one node: `drain` fails as long as there is a file `blocked`, and each look at the clock takes 2 s.
 */
const stubs = (rows: readonly string[]) => ({
  date: 'now=$(cat now 2>/dev/null || echo 1000); echo $(( now + 2 )) >now; echo "$now"',
  timeout: 'shift; exec "$@"',
  mktemp: 'echo said; : >said',
  kubectl: `case $* in
  *'get node '*resourceVersion*) if [ -e cordoned ]; then echo '8 true'; else echo '7 '; fi ;;
  *'patch node '*) for last; do :; done; printf 'patch %s\\n' "$last" >>log; : >cordoned ;;
  *'get node '*) if [ -e lost ]; then echo Unknown; else echo True; fi ;;
  *'get poddisruptionbudgets '*) printf '%s\\n' '${budgetRow({})}' ;;
  *'get pods '*) printf '%s\\n' ${rows.map(row => `'${row}'`).join(' ')} ;;
  *' drain '*) printf '%s\\n' "\${*#*evcctl }" >>log; BEHAVIOUR ;;
esac`,
})

function run(behaviour: string, rows: readonly string[] = [podRow(web)], before = '') {
  const { kubectl, ...others } = stubs(rows)
  const resource = wanted()
  const [step] = resource.converge(resource.probe.parse(absent), { drained: true })
  return runStep(step, { ...others, kubectl: `${before}\n${kubectl.replace('BEHAVIOUR', behaviour)}` })
}

describe('the drain', () => {
  test('cordons the node and records who did, in one patch of the version that was read', () => {
    const { status, log } = run('exit 0')
    expect(status).toBe(0)
    expect(JSON.parse(log[0]!.replace('patch ', ''))).toEqual({
      metadata: { resourceVersion: '7', annotations: { 'evcctl.dev/cordoned-by': 'evcctl' } },
      spec: { unschedulable: true },
    })
    expect(log[1]).toMatch(/drain w1 --ignore-daemonsets --delete-emptydir-data --timeout=\d+s$/)
  })

  test('leaves a cordon of somebody else as it is', () => {
    expect(run('exit 0', [], ': >cordoned').log.filter(line => line.startsWith('patch'))).toEqual([])
  })

  test('names the pod and the budget when the time is over, and says what state the node is in', () => {
    const failure = run(
      'while :; do /bin/sleep 0.02 || :; if [ "$(cat now)" -gt 1080 ]; then echo stuck >&2; exit 1; fi; done',
    )
    expect(failure.status).toBe(1)
    expect(failure.stdout).toMatch(/^1 pod left, 0 min \d\d s before evcctl gives up: shop\/web-1$/m)
    const error = wanted().explain!({ step: 0, exitCode: 1, ...failure }, { drained: true })
    expect(error?.problem).toBe('w1 was not drained within 60 s. It stays cordoned, and everything else on it runs on.')
    expect(error?.actual).toBe(
      'blocked by PodDisruptionBudget shop/web: 0 allowed, keeps shop/web-1\nstill there: shop/web-1',
    )
  })

  test('is tried again when it fails at once, but not for ever', () => {
    const failure = run('echo gone wrong >&2; exit 1', [])
    expect(failure.status).toBe(1)
    expect(failure.log.filter(line => line.includes('drain w1'))).toHaveLength(3)
    expect(wanted().explain!({ step: 0, exitCode: 1, ...failure }, { drained: true })?.actual).toBe('gone wrong')
  })

  test('evicts nothing from a node that does not report', () => {
    const { status, log } = run('exit 0', [podRow(web)], ': >lost')
    expect([status, log.filter(line => line.includes('drain w1'))]).toEqual([0, []])
  })

  test('ends when the node stops reporting, because nobody would learn the end of its pods', () => {
    const { status, stdout } = run(': >lost; while :; do /bin/sleep 0.02 || :; done')
    expect(status).toBe(0)
    expect(stdout).toMatch(/the node does not report, so its pods are not waited for\n$/)
  })
})
