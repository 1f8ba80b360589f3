import {
  buildGraph,
  type Change,
  HostError,
  Output,
  type Task,
  type TaskId,
  type Unknown,
  type Verdict,
} from '../../src/core/index.ts'
import type { PlanInput, PlanSubject } from '../../src/report/index.ts'

/** The cluster of the plans in these tests. */
export const subject: PlanSubject = {
  file: 'cluster.yaml',
  name: 'edge-seoul',
  hosts: [{ name: 'cp1' }, { name: 'w1' }, { name: 'jetson-07' }],
  kubernetes: { version: '1.36.4' },
  runtime: { name: 'containerd', version: '2.3.4' },
  network: { cni: 'flannel' },
}

/** `host/role/kind:name` of a task and what is said of it; undefined: in desired state. */
export type Said = readonly [task: string, verdict: Verdict | undefined]

export const change = (action: Change['action'], fields: Change['fields'] = [], note?: string): Verdict => ({
  is: 'change',
  change: { action, fields, ...(note === undefined ? {} : { note }) },
})

export const pending = (from: string): Unknown => ({ unknown: true, from: from as TaskId })

/** An evaluation like that of the engine. */
export function planned(said: readonly Said[], unreachable: readonly string[] = []): PlanInput {
  const tasks = said.map(([text]): Task => {
    const [host = '', role = '', ...rest] = text.split('/')
    const id = `${host}/${rest.join('/')}` as TaskId
    const [kind = '', ...name] = rest.join('/').split(':')
    const probe = { script: '', parse: () => undefined }
    const title = kind === 'file' ? { title: name.join(':') } : {}
    const diff = () => undefined
    const resource = { kind, name: name.join(':'), ...title, probe, desired: {}, diff, converge: () => [] }
    return { id, host, role, resource, output: Output.ofTask(id) }
  })
  const verdicts = new Map(
    said.map(([, verdict], index) => [tasks[index]!.id, verdict ?? ({ is: 'in desired state' } as const)]),
  )
  const failed = unreachable.map(
    host =>
      [
        host,
        new HostError(host, 'unreachable', {
          where: `${host} (192.0.2.21:22)`,
          problem: 'no connection within 10 s',
          next: 'Is it switched on?',
        }),
      ] as const,
  )
  return { graph: buildGraph(tasks, []), plan: { verdicts }, unreachable: new Map(failed) }
}

const config = `version = 3\nroot = "/var/lib/containerd"\n[plugins]\n  x = 1\n`

/** Three bare hosts, as the first plan shows them. */
export function freshCluster(): PlanInput {
  const onEach = (host: string): Said[] => [
    [`${host}/os/sysctls:evcctl`, change('update', [{ field: 'net.ipv4.ip_forward', before: '0', after: '1' }])],
    [`${host}/os/kernel module:br_netfilter`, change('create', [], 'now and at boot')],
    [`${host}/os/swap:all`, change('delete', [], 'off, and out of /etc/fstab')],
    [`${host}/os/hostname:`, change('update', [{ field: '', before: 'debian', after: host }])],
    [`${host}/runtime/containerd:2.3.4`, change('create', [], '46 MB from github.com, sha256 1f3a90c2…')],
    [`${host}/runtime/file:/etc/containerd/config.toml`, change('create', [{ field: 'content', after: config }])],
    [
      `${host}/runtime/unit:containerd.service`,
      change('update', [
        { field: 'enabled', before: 'no', after: 'yes' },
        { field: 'state', before: 'stopped', after: 'running' },
      ]),
    ],
  ]
  const join = (host: string): Said => [
    `${host}/worker/kubeadm join:${host}`,
    change('create', [{ field: 'CA hash', after: pending('cp1/kubeadm init:') }]),
  ]
  return planned([
    ...['cp1', 'w1', 'jetson-07'].flatMap(onEach),
    ['cp1/control plane/kubeadm init:', change('create', [], 'endpoint 127.0.0.1:7443')],
    join('w1'),
    join('jetson-07'),
  ])
}
