import { describe, expect, test } from 'vitest'
import { apiPath } from '../../src/resources/api/api-survey.ts'
import { helmRelease } from '../../src/resources/api/helm-release.ts'
import { kustomization } from '../../src/resources/api/kustomization.ts'
import { kubeadmApi } from '../../src/resources/kubeadm/api-access.ts'
import { answered, unreachable } from './api-given.ts'
import { runStep } from './run-step.ts'
import { stateOf } from './state-of.ts'

describe('a Helm release', () => {
  const resource = helmRelease({
    api: kubeadmApi,
    name: 'cilium',
    namespace: 'kube-system',
    helm: '/usr/local/bin/helm',
    chart: { path: '/chart.tgz', version: '1.20.0', sha256: 'c'.repeat(64) },
    values: { path: '/values.yaml', sha256: 'd'.repeat(64) },
  })
  const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString().replace(/\.\d+/, '')
  /** The records that the cluster has; `kubectl delete` takes one away. `helm` fails so often before it works. */
  const upgraded = (records: readonly string[], failures = 0) => {
    const [step] = resource.converge(stateOf(resource, 'api=answered'), { chart: '', values: '' })
    return runStep(step, {
      kubectl: `if [ ! -e records ]; then printf '%s\\n' ${records.map(one => `'${one}'`).join(' ')} >records; fi
case " $* " in
*' get secrets --selector owner=helm,name=cilium '*) grep . records || : ;;
*' delete secret '*)
  name=\${*##* delete secret } name=\${name%% *}
  echo "delete $name" >>log
  grep -v "^\${name##*.v} " records >rest || :
  mv rest records ;;
*) exit 9 ;;
esac`,
      helm: `echo "$*" | sed 's/.*evcctl.dev.revision=\\([0-9]*\\).*/helm \\1/' >>log
if [ "$(grep -c helm log)" -le ${failures} ]; then
  number=$(tail -n 1 log | cut -d ' ' -f 2)
  echo "$number failed $number ${ago(0)}" >>records
  exit 1
fi`,
    })
  }

  test('is made with the number that its revision will have', () => {
    expect(upgraded([]).log).toEqual(['helm 1'])
    expect(upgraded([`9 superseded 9 ${ago(9)}`, `10 deployed 10 ${ago(9)}`]).log).toEqual(['helm 11'])
    expect(upgraded([`1 deployed 1 ${ago(9)}`], 2)).toMatchObject({ status: 0, log: ['helm 2', 'helm 3', 'helm 4'] })
  })

  test('that evcctl began and a run that was killed left is taken up at once', () => {
    const { status, log } = upgraded([`3 deployed 3 ${ago(9000)}`, `4 pending-upgrade 4 ${ago(5)}`])
    expect([status, log]).toEqual([0, ['delete sh.helm.release.v1.cilium.v4', 'helm 4']])
  })

  test('on which somebody else is at work is left alone', () => {
    const { status, stdout, stderr, log } = upgraded([`3 deployed 3 ${ago(9000)}`, `4 pending-upgrade 3 ${ago(400)}`])
    expect([status, log]).toEqual([75, []])
    const told = resource.explain?.({ step: 0, exitCode: 75, stdout, stderr }, { chart: '', values: '' })
    expect(told?.problem).toBe('Another Helm is at work on the release cilium, so evcctl has not touched it.')
    expect(told?.actual).toMatch(/^revision 4 is pending-upgrade, begun 20/)
    expect(told?.next).toContain('10 minutes')
  })

  test('that somebody else began and did not end is given up after a while, and only the newest', () => {
    const { status, log } = upgraded([`2 pending-install - ${ago(9000)}`, `4 pending-rollback 3 ${ago(700)}`])
    expect([status, log]).toEqual([0, ['delete sh.helm.release.v1.cilium.v4', 'helm 3']])
  })

  test('of which nobody tells when it was begun is left alone', () => {
    expect(upgraded(['4 pending-upgrade 3 $(reboot)'])).toMatchObject({ status: 75, log: [] })
  })
})

describe('a kustomization', () => {
  const metadata = { name: 'calico-node', namespace: 'kube-system' }
  const carrier = { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata }
  const resource = kustomization({ api: kubeadmApi, name: 'calico', folder: '/folder', carrier, configuration: 'new' })
  const applied = (there: boolean, apply: string, known = true) => {
    const standing = { ...carrier, metadata: { ...metadata, annotations: { 'evcctl.dev/configuration': 'old' } } }
    const told = known ? answered({ [apiPath(carrier)]: there ? standing : undefined }) : unreachable
    const [step] = resource.converge(resource.probe.parse(told), { configuration: 'new' })
    return runStep(step, {
      kubectl: `case " $* " in
*' get daemonset calico-node '*) ${there ? 'echo daemonset.apps/calico-node' : ':'} ;;
*' annotate daemonset calico-node '*) for last; do :; done; echo "annotate $last" >>log ;;
*' apply '*) echo apply >>log; ${apply} ;;
esac`,
    })
  }

  test('is known as such only when all of it was taken', () => {
    const taken = applied(true, ':')
    const steps = ['annotate evcctl.dev/configuration-', 'apply', 'annotate evcctl.dev/configuration=new']
    expect([taken.status, taken.log]).toEqual([0, steps])
    expect(applied(false, ':').log).toEqual(steps.slice(1))
    // The API server was silent when plan asked, so it is asked again.
    expect(applied(true, ':', false).log).toEqual(steps)
    expect(applied(false, ':', false).log).toEqual(steps.slice(1))
  })

  test('of which one object is refused is known as none', () => {
    const { status, log } = applied(true, 'exit 1')
    expect([status, log[0], log.filter(line => line.startsWith('annotate'))]).toEqual([
      1,
      'annotate evcctl.dev/configuration-',
      ['annotate evcctl.dev/configuration-'],
    ])
  })
})
