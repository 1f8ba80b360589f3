import { expect, test } from 'vitest'
import type { Event, Summary, TaskId } from '../../src/core/index.ts'
import { createPaint, fold, newRun, renderClosing } from '../../src/report/index.ts'
import { ended, halfWay, timed } from './events.ts'

const nothing: Summary = { changed: 0, failed: 0, skipped: 0, cancelled: 0, inDesiredState: 0 }
const end = (summary: Partial<Summary>, failedHosts: string[] = []) =>
  timed([112, { type: 'run:end', summary: { ...nothing, ...summary }, ms: 112_000, failedHosts }])

function closing(...events: readonly Event[]): string {
  const view = newRun()
  for (const event of [...halfWay(), ...events]) fold(view, event)
  return renderClosing(view, {
    paint: createPaint(false),
    hosts: [{ name: 'cp1' }, { name: 'w1' }],
    journal: '~/.local/state/evcctl/runs/x',
    next: 'evcctl kubeconfig --merge && kubectl get nodes',
    again: 'evcctl apply cluster.yaml',
  })
}

test('a run that succeeds ends with counts, the longest steps, the journal and the next command', () => {
  expect(
    closing(
      ...timed([60, ended('cp1/control plane/kubeadm init', 'changed', { ms: 14_000 })]),
      ...end({ changed: 10 }),
    ),
  ).toMatchInlineSnapshot(`
    "Done in 1 min 52 s: 10 changed, 0 failed, 0 skipped.
      longest: cp1 kubeadm init 14 s
               cp1 containerd 4.0 s
               w1 containerd 4.0 s
      run journal: ~/.local/state/evcctl/runs/x
      next: evcctl kubeconfig --merge && kubectl get nodes"
  `)
})

test('a run that fails ends with what was expected and actual, what it held up, and how to continue', () => {
  const error = {
    problem: 'kubelet 1.36.4 did not match its checksum',
    expected: 'sha256 5be1…  from dl.k8s.io',
    actual: 'sha256 09ab…  (61 MB; a proxy on the way may change downloads)',
    next: 'nothing of it was kept',
  }
  const because = 'w1/download kubelet' as TaskId
  const skipped = Array.from({ length: 8 }, (_, index) => ended(`w1/workers/step ${index}`, 'skipped', { because }))
  expect(
    closing(
      ...timed(
        [60, ended('w1/workers/download kubelet', 'failed', { error })],
        ...skipped.map(event => [60, event] as const),
      ),
      ...end({ changed: 5, failed: 1, skipped: 8 }),
    ),
  ).toMatchInlineSnapshot(`
    "Stopped after 1 min 52 s: 5 changed, 1 failed, 8 skipped because of it.
      ✘ w1  download kubelet
          kubelet 1.36.4 did not match its checksum
            expected  sha256 5be1…  from dl.k8s.io
            actual    sha256 09ab…  (61 MB; a proxy on the way may change downloads)
            nothing of it was kept
      skipped on w1: step 0, step 1, step 2, step 3, step 4, step 5 and 2 more
      run journal: ~/.local/state/evcctl/runs/x
      Everything that does not depend on it is done. When it is fixed: evcctl apply cluster.yaml   (what is done is not done again)"
  `)
})

test('a failure that is the same on several hosts is shown once', () => {
  const failed = ['cp1', 'w1'].map(host => {
    const error = { where: `${host} artifact runc`, problem: 'The host cannot resolve the name github.com.' }
    return [60, ended(`${host}/runtime/artifact runc`, 'failed', { error })] as const
  })
  const text = closing(...timed(...failed), ...end({ changed: 5, failed: 2 }))
  expect(text).toContain('  ✘ cp1, w1  artifact runc\n      The host cannot resolve the name github.com.\n')
})

test('hosts that were lost are named', () => {
  const error = { where: 'w1 (192.0.2.21:22)', problem: 'no connection within 10 s' }
  const text = closing(...timed([60, { type: 'host:failed', host: 'w1', error }]), ...end({ changed: 5 }, ['w1']))
  expect(text).toMatch(/^Stopped after/)
  expect(text).toContain('✘ w1\n      w1 (192.0.2.21:22): no connection within 10 s')
})

test.each([
  ['after running exchanges', 'Stopped on request (running steps were allowed to end) after 1 min 52 s: 5 changed'],
  ['now', 'Stopped on request (running steps were killed) after 1 min 52 s: 5 changed'],
] as const)('a run that was stopped %s says so, and how to continue', (how, head) => {
  const text = closing(...timed([60, { type: 'run:stopping', how }]), ...end({ changed: 5, cancelled: 4 }))
  expect(text.split('\n')[0]).toBe(`${head}, 0 failed, 0 skipped, 4 cancelled.`)
  expect(text).toContain('To continue: evcctl apply cluster.yaml   (what is done is not done again)')
})

test('a run that was cut off does not say that everything else is done', () => {
  const text = closing(...end({ changed: 1, cancelled: 3 }))
  expect(text).not.toContain('Everything that does not depend on it is done')
  expect(text).toContain('To continue: evcctl apply cluster.yaml')
})
