import type { Event, EventBody, TaskId } from '../../src/core/index.ts'

/** Start of all runs of these tests; a round number of seconds in every time zone. */
export const start = 1_700_000_000_000

/** Adds times to events, from seconds since the start. */
export function timed(...events: readonly (readonly [seconds: number, event: EventBody])[]): Event[] {
  return events.map(([seconds, event]) => ({ at: start + seconds * 1000, ...event }))
}

// `host/role/title`, which is enough to tell tasks apart here.
const parts = (text: string) => {
  const [host = '', role = '', title = ''] = text.split('/')
  return { task: `${host}/${title}` as TaskId, host, role, title }
}

export const started = (text: string): EventBody => ({ type: 'task:start', ...parts(text) })

export const printed = (text: string, line: string): EventBody => ({
  type: 'task:output',
  task: parts(text).task,
  line,
})

export const ended = (
  text: string,
  result: Extract<Event, { type: 'task:end' }>['result'],
  more: Partial<Extract<Event, { type: 'task:end' }>> = {},
): EventBody => ({ type: 'task:end', ...parts(text), result, ms: 0, ...more })

const planned = (host: string, titles: readonly string[]): EventBody => ({
  type: 'host:planned',
  host,
  tasks: titles.map(title => `${host}/${title}` as TaskId),
})

const plannedTasks = [
  ['cp1', 'sysctl x', 'containerd', 'kubeadm init'],
  ['w1', 'sysctl x', 'containerd', 'kubeadm join', 'download kubelet'],
  ['jetson-07', 'sysctl x', 'download containerd', 'kubeadm join'],
] as const

/** An apply on three hosts up to the middle of the work. */
export function halfWay(): Event[] {
  return timed(
    [0, { type: 'run:start', run: 'r1', command: 'apply', cluster: 'edge-seoul', hosts: ['cp1', 'w1', 'jetson-07'] }],
    [0.2, { type: 'host:connected', host: 'cp1', ms: 200 }],
    [0.3, { type: 'host:connected', host: 'w1', ms: 300 }],
    [0.4, { type: 'host:connected', host: 'jetson-07', ms: 400 }],
    [
      1,
      {
        type: 'plan:ready',
        toChange: 8,
        unknown: 1,
        inDesiredState: 4,
        stages: [
          { role: 'os', hosts: { cp1: 1, w1: 1, 'jetson-07': 1 } },
          { role: 'runtime', hosts: { cp1: 1, w1: 1, 'jetson-07': 1 } },
          { role: 'control plane', hosts: { cp1: 1 } },
          { role: 'workers', hosts: { w1: 1, 'jetson-07': 1 } },
        ],
      },
    ],
    ...plannedTasks.map(([host, ...tasks]) => [1, planned(host, tasks)] as const),
    [1, { type: 'apply:start' }],
    [2, ended('cp1/os/sysctl x', 'changed', { ms: 900 })],
    [2, ended('w1/os/sysctl x', 'changed', { ms: 900 })],
    [2, ended('jetson-07/os/sysctl x', 'changed', { ms: 900 })],
    [3, ended('cp1/runtime/containerd', 'changed', { ms: 4_000 })],
    [20, started('jetson-07/runtime/download containerd')],
    [40, started('cp1/control plane/kubeadm init')],
    [41, ended('w1/runtime/containerd', 'changed', { ms: 4_000 })],
    [48, printed('cp1/control plane/kubeadm init', '[control-plane-check] kube-apiserver is not healthy yet')],
    [51, printed('jetson-07/runtime/download containerd', '\r10 of 46 MB\r12 of 46 MB, 0.4 MB/s')],
  )
}
