import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clusterGraph } from '../../playbooks/cluster.ts'
import { type ErrorDetails, UserError } from '../../src/core/errors.ts'
import type { ProbeResult } from '../../src/core/resource.ts'
import type { Task } from '../../src/core/task.ts'
import { type Desired, judge, missingIn } from '../../src/engine/judge.ts'
import { readSnapshot } from '../../src/engine/snapshot.ts'
import type { ClusterSpec, HostFacts } from '../../src/index.ts'
import { compileExchange } from '../../src/shell/script.ts'
import { fuzzing } from '../kit/fuzz.ts'
import { answers } from './answers.ts'
import { factsOf, specOf } from './given.ts'

const controlPlane = ['cp1', 'cp2', 'cp3'].map((name, index) => ({
  name,
  address: `192.0.2.${11 + index}`,
  roles: ['control-plane'],
}))
const worker = { name: 'w1', address: '192.0.2.21', roles: ['worker'], labels: { a: 'b' } }
const etcd = ['e1', 'e2', 'e3'].map((name, index) => ({ name, address: `192.0.2.${91 + index}`, roles: ['etcd'] }))
const archives = [{ url: 'http://192.0.2.5/a.tar', sha256: 'a'.repeat(64) }]

const specs: readonly ClusterSpec[] = [
  specOf({ hosts: [...controlPlane, worker], images: { archives }, firewall: { apiFrom: ['192.0.2.0/24'] } }),
  specOf({ hosts: [...controlPlane, worker], network: { cni: 'calico' }, runtime: { name: 'docker' } }),
  specOf({ hosts: [...controlPlane, worker], network: { cni: 'cilium' }, runtime: { name: 'cri-o' } }),
  specOf({ hosts: [...controlPlane, worker, ...etcd], etcd: { topology: 'external' } }),
]

function factsFor(spec: ClusterSpec, stands: boolean): ReadonlyMap<string, HostFacts> {
  return new Map(
    spec.hosts.map(({ name, address, roles }) => {
      const serves = stands && roles.includes('control-plane')
      const kubernetes = { kubeletConf: stands, adminConf: serves, controlPlane: serves }
      return [name, { ...factsOf(name, address), kubernetes }]
    }),
  )
}

/** One task of each kind and shape of probe: what differs only in a path or name is read by the same code. */
function tasksOf(): readonly Task[] {
  const tasks = new Map<string, Task>()
  for (const spec of specs)
    for (const stands of [false, true])
      for (const task of clusterGraph(spec, factsFor(spec, stands)).tasks.values()) {
        const { kind, probe } = task.resource
        tasks.set(`${kind} ${probe.parse} ${probe.script.length % 7}`, task)
      }
  return [...tasks.values()]
}

const tasks = tasksOf()

// Certificates and requests, a hash, a path of our own, the URL of a server.
const handedOn =
  /^(?:[\x20-\x7e\n\t]*-----BEGIN [A-Z ]+-----\n[A-Za-z0-9+/=\n]+-----END [A-Z ]+-----[\x20-\x7e\n\t]*|sha256:[0-9a-f]{64}|\/[\w./@-]+|https:\/\/[\w.:[\]-]+)$/

// What a person cannot act on: names of our own code, and what V8 says of it.
const internal =
  /is not (a function|iterable|an object)|Cannot (read|convert)|undefined|\bNaN\b|\[object|Unexpected (token|end)|in JSON|\n {4}at |Invalid (array|string|time)/

function expectPlain({ problem, expected, next }: ErrorDetails, task: Task): void {
  expect(problem, task.id).not.toBe('')
  expect([task.id, internal.exec([problem, expected, next].join('\n'))?.[0]]).toEqual([task.id, undefined])
}

/** What a host said may come back to it in its steps: as words of a script, or not at all. */
function expectSendable({ resource }: Task, current: unknown, desired: Desired): void {
  try {
    const steps = resource.converge(current, desired)
    compileExchange({ jobs: [{ steps, verify: resource.probe }], probes: [] }, 'nonce')
  } catch (error) {
    expect(error).toBeInstanceOf(UserError)
  }
}

/** Reads and compares, as a plan does; whatever came, that ends in a verdict or an error for people. */
function look(task: Task, raw: ProbeResult): void {
  const snapshot = readSnapshot(task, raw)
  if ('error' in snapshot) {
    expectPlain(snapshot.error, task)
    return
  }
  for (const changing of [[], [task.id]]) {
    const unknown = { unknown: true, from: task.id } as const
    const judgement = judge(
      task,
      snapshot.current,
      () => unknown,
      { changing, undecided: [] },
      () => false,
    )
    if ('error' in judgement) expectPlain(judgement.error, task)
    else if (judgement.verdict.is === 'change' && missingIn(judgement.desired).length === 0)
      expectSendable(task, snapshot.current, judgement.desired)
  }
  // It goes to other hosts: into files, and into words of scripts that are quoted.
  const output: unknown = task.resource.output?.(snapshot.current)
  for (const text of Object.values(output ?? {})) expect(text, task.id).toMatch(handedOn)
}

describe('what a host answers', () => {
  it('is looked at for every kind of task', () => {
    expect(new Set(tasks.map(({ resource }) => resource.kind)).size).toBeGreaterThan(30)
  })

  it('is a state or an error for people, whatever it is', () => {
    const picked = fc
      .constantFrom(...tasks)
      .chain(task => answers(task.resource.probe.script).map(raw => ({ task, raw })))
    fc.assert(
      fc.property(picked, ({ task, raw }) => look(task, raw)),
      fuzzing('answers of hosts', 3000),
    )
  }, 600_000)
})
