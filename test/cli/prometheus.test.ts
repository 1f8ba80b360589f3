import { expect, test } from 'vitest'
import type { CheckResult } from '../../src/cli/check/check-result.ts'
import { prometheusText } from '../../src/cli/check/prometheus.ts'
import { planView } from '../../src/report/index.ts'
import { change, planned } from '../report/plan-fixture.ts'

const hosts = ['cp1', 'w1', 'w2']
const run = { cluster: 'lab', hosts, at: 1_795_865_508_500, ms: 1_500 }

function resultOf(): CheckResult {
  const view = planView(
    planned(
      [
        ['cp1/os/sysctl:a', change('update', [{ field: 'a', before: '0', after: '1' }])],
        ['cp1/os/sysctl:b', change('update', [{ field: 'b', before: '0', after: '1' }])],
        ['w1/kubelet/file:/etc/"kubelet"', change('create')],
      ],
      ['w2'],
    ),
  )
  const [first, second, third] = view.changes
  const record = { version: '1', run: 'run', at: 1_795_860_000_000, tasks: new Map() }
  return {
    changes: { drift: [first!, second!], asked: [third!], unrecorded: [] },
    view,
    hosts: new Map([
      ['cp1', record],
      ['w1', undefined],
    ]),
  }
}

test('metrics have sums for alerts, and hosts and roles where they differ', () => {
  const text = prometheusText({ ...run, result: resultOf() })
  const samples = text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  expect(samples).toEqual([
    'evcctl_check_success{cluster="lab"} 0',
    'evcctl_check_timestamp_seconds{cluster="lab"} 1795865508.5',
    'evcctl_check_duration_seconds{cluster="lab"} 1.5',
    'evcctl_check_drift{cluster="lab"} 2',
    'evcctl_check_pending{cluster="lab"} 1',
    'evcctl_check_unrecorded{cluster="lab"} 0',
    'evcctl_check_errors{cluster="lab"} 0',
    'evcctl_drift{cluster="lab",host="cp1",role="os"} 2',
    'evcctl_pending{cluster="lab",host="w1",role="kubelet"} 1',
    'evcctl_host_read{cluster="lab",host="cp1"} 1',
    'evcctl_host_read{cluster="lab",host="w1"} 1',
    'evcctl_host_read{cluster="lab",host="w2"} 0',
    'evcctl_host_applied_timestamp_seconds{cluster="lab",host="cp1"} 1795860000',
    'evcctl_apply_running{cluster="lab"} 0',
  ])
})

test('each metric has its help and type once, before its samples, as the text format wants it', () => {
  const lines = prometheusText({ ...run, result: resultOf() })
    .trimEnd()
    .split('\n')
  const names = new Set<string>()
  for (const [index, line] of lines.entries()) {
    const [, name] = /^# HELP (\w+) \S/.exec(line) ?? []
    if (name !== undefined) {
      expect(names.has(name)).toBe(false)
      names.add(name)
      expect(lines[index + 1]).toBe(`# TYPE ${name} gauge`)
    } else if (!line.startsWith('#')) {
      expect(line).toMatch(/^[a-z_]+\{([a-z]+="(\\.|[^"\\])*",?)+\} [\d.]+$/)
      expect([...names].at(-1)).toBe(line.slice(0, line.indexOf('{')))
    }
  }
})

test('a check that failed says so, with the time', () => {
  const samples = prometheusText({ ...run, result: undefined })
    .split('\n')
    .filter(line => /^\w/.test(line))
  expect(samples).toEqual([
    'evcctl_check_success{cluster="lab"} 0',
    'evcctl_check_timestamp_seconds{cluster="lab"} 1795865508.5',
    'evcctl_check_duration_seconds{cluster="lab"} 1.5',
  ])
})
