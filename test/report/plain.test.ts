import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Event, Secret, type TaskId } from '../../src/core/index.ts'
import { jsonReporter, plainReporter } from '../../src/report/index.ts'
import { ended, halfWay, printed, start, started, timed } from './events.ts'

beforeEach(() => {
  vi.useFakeTimers({ now: start })
})
afterEach(() => {
  vi.useRealTimers()
})

function plain(events: readonly Event[]): { lines: () => string[]; end: () => void } {
  let text = ''
  const reporter = plainReporter(more => {
    text += more
  })
  for (const event of events) reporter.show(event)
  // Times of day depend on the time zone; their shape does not.
  const lines = () =>
    text
      .trimEnd()
      .split('\n')
      .map(line => line.replace(/^\d\d:\d\d:\d\d {2}/, ''))
  return { lines, end: () => reporter.end() }
}

test('each event that matters has a line', () => {
  const { lines, end } = plain([
    ...halfWay(),
    ...timed(
      [52, ended('cp1/control plane/kubeadm init', 'changed', { ms: 12_000 })],
      [
        60,
        ended('jetson-07/runtime/download containerd', 'failed', {
          error: { problem: 'no space left', next: 'df -h' },
        }),
      ],
      [60, ended('jetson-07/workers/kubeadm join', 'skipped')],
      [61, { type: 'run:stopping', how: 'now' }],
    ),
  ])
  end()
  // A quick task has no duration, and a task that begins has no line unless it lasts.
  expect(lines()).toEqual([
    'apply of edge-seoul: 3 hosts, run r1',
    'cp1  connected in 0.2 s',
    'w1  connected in 0.3 s',
    'jetson-07  connected in 0.4 s',
    '8 changes to make, 4 in desired state, 1 known after apply',
    'cp1  sysctl x  changed in 0.9 s',
    'w1  sysctl x  changed in 0.9 s',
    'jetson-07  sysctl x  changed in 0.9 s',
    'cp1  containerd  changed in 4.0 s',
    'w1  containerd  changed in 4.0 s',
    'cp1  kubeadm init  changed in 12 s',
    '✘ jetson-07  download containerd: no space left',
    'jetson-07  kubeadm join  skipped',
    'Stopping now: what runs on the hosts is being killed.',
  ])
})

test('a long task is mentioned again, with its last line', () => {
  const { lines, end } = plain(halfWay())
  const before = lines().length
  vi.advanceTimersByTime(90_000)
  expect(lines().slice(before)).toContain(
    'cp1  kubeadm init  running for 5.0 s: [control-plane-check] kube-apiserver is not healthy yet',
  )
  end()
  const after = lines().length
  vi.advanceTimersByTime(90_000)
  expect(lines()).toHaveLength(after)
})

test('a task that lasts is mentioned after some seconds; a quick one has one line without a duration', () => {
  const { lines, end } = plain([
    ...halfWay(),
    ...timed([52, started('w1/workers/kubeadm join')], [52.1, ended('w1/workers/folder', 'changed', { ms: 100 })]),
  ])
  expect(lines().at(-1)).toBe('w1  folder  changed')
  vi.advanceTimersByTime(56_000)
  expect(lines().at(-1)).not.toContain('w1  kubeadm join')
  vi.advanceTimersByTime(1_000)
  expect(lines().at(-1)).toBe('w1  kubeadm join  running for 5.0 s')
  end()
})

test('what is skipped names the task that failed as people know it', () => {
  const because = 'cp1/kubeadm init' as TaskId
  const { lines, end } = plain([...halfWay(), ...timed([60, ended('w1/workers/kubeadm join', 'skipped', { because })])])
  end()
  expect(lines().at(-1)).toBe('w1  kubeadm join  skipped: cp1 kubeadm init failed')
})

test('NDJSON has every event as it is, with Secrets masked', () => {
  let text = ''
  const reporter = jsonReporter(more => {
    text += more
  })
  const secret = new Secret('s3cr3t-value', 'join token')
  const change = { action: 'update', fields: [{ field: 'token', after: secret }] } as const
  const events = [
    ...halfWay(),
    ...timed(
      [70, ended('w1/workers/kubeadm join', 'changed', { change })],
      [71, printed('w1/x/y', 's3cr3t-value "x"')],
    ),
  ]
  for (const event of events) reporter.show(event)
  expect(text).not.toContain('s3cr3t-value')
  const lines = text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(lines.slice(0, -2)).toEqual(halfWay())
  expect(lines.at(-2).change.fields[0].after).toBe('<join token>')
  expect(lines.at(-1).line).toBe('<secret> "x"')
})

describe('for a reader who does not keep up', () => {
  const endless = Array.from({ length: 1000 }, (_, index) =>
    timed([60, printed('w1/x/y', `line ${index}`)], [60, { type: 'exchange', host: 'w1', jobs: 1, probes: 0, ms: 1 }]),
  ).flat()

  test('NDJSON leaves out events without a bound in number until the reader keeps up again', () => {
    const lines: string[] = []
    let behind = true
    const reporter = jsonReporter(
      line => lines.push(line),
      () => behind,
    )
    const events = halfWay()
    for (const event of [...endless, ...events]) reporter.show(event)
    const kept = events.filter(({ type }) => type !== 'task:output' && type !== 'exchange')
    expect(lines.map(line => JSON.parse(line))).toEqual(kept)
    behind = false
    reporter.show(endless[0]!)
    expect(JSON.parse(lines.at(-1)!)).toEqual(endless[0])
  })

  test('long tasks get no lines while they run', () => {
    let text = ''
    let behind = true
    const reporter = plainReporter(
      more => {
        text += more
      },
      { isBehind: () => behind },
    )
    for (const event of halfWay()) reporter.show(event)
    const before = text
    vi.advanceTimersByTime(3_600_000)
    expect(text).toBe(before)
    behind = false
    vi.advanceTimersByTime(1_000)
    expect(text.slice(before.length)).toContain('running for')
    reporter.end()
  })
})
