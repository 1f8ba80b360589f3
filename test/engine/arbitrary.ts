import fc from 'fast-check'
import { Output } from '../../src/core/output.ts'
import { GraphBuilder } from '../../src/core/scope.ts'
import type { Graph, Task } from '../../src/core/task.ts'
import type { TaskId } from '../../src/core/task-id.ts'
import { entry, type FakeHost, fakeHosts, joined, unit } from './fake.ts'

/** One task of a random graph. Indices count backwards from the task; those that are too high wrap around. */
interface Shape {
  readonly host: number
  readonly kind: 'entry' | 'consumer' | 'joined' | 'unit'
  readonly after: readonly number[]
  readonly inputs: readonly number[]
  readonly holds: readonly number[]
  /** What the host has at the beginning. */
  readonly initial: 'nothing' | 'other' | 'right'
}

/** A random world: the state of its hosts at the beginning, and their desired state. */
export interface World {
  readonly hostCount: number
  readonly shapes: readonly Shape[]
}

const shape: fc.Arbitrary<Shape> = fc.record({
  host: fc.nat({ max: 4 }),
  kind: fc.constantFrom('entry', 'entry', 'consumer', 'joined', 'unit'),
  after: fc.array(fc.nat({ max: 12 }), { maxLength: 3 }),
  inputs: fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 3 }),
  holds: fc.array(fc.nat({ max: 12 }), { maxLength: 1 }),
  initial: fc.constantFrom('nothing', 'other', 'right', 'right'),
})

export const worlds: fc.Arbitrary<World> = fc.record({
  hostCount: fc.integer({ min: 1, max: 4 }),
  shapes: fc.array(shape, { minLength: 1, maxLength: 16 }),
})

/** The hosts in their state at the beginning. Each call makes new ones. */
export function hostsOf(world: World): Map<string, FakeHost> {
  const hosts = fakeHosts(Object.fromEntries(Array.from({ length: world.hostCount }, (_, n) => [`h${n}`, {}])))
  for (const [index, { initial, kind }] of world.shapes.entries()) {
    const host = hosts.get(hostOf(world, index))!
    if (initial === 'nothing') continue
    if (kind === 'entry') host.values.set(`k${index}`, initial === 'right' ? 'v' : 'w')
    else if (kind === 'joined') host.values.set(`k${index}`, 'joined-long-ago')
    else if (initial === 'other') host.values.set(kind === 'unit' ? `stamp-u${index}` : `k${index}`, 'x')
  }
  return hosts
}

/** The graph of the desired state. Tasks whose index is in `failing` have a step that fails. */
export function graphOf(world: World, failing: ReadonlySet<number> = new Set()): Graph {
  const builder = new GraphBuilder()
  const tasks: Task<string>[] = []
  const back = (index: number, distance: number) => tasks[index - 1 - (distance % Math.max(1, index))]
  const steps = (index: number) => (failing.has(index) ? { steps: [{ run: `fail k${index}` }] } : {})
  const token = builder.scope('h0', 'r').ephemeral({
    name: 'token',
    run: 'make token',
    parse: raw => raw.stdout,
    revoke: value => `revoke ${value}`,
  })
  for (const [index, { kind, after, inputs, holds }] of world.shapes.entries()) {
    const scope = builder.scope(hostOf(world, index), 'r')
    const sources = inputs.map(distance => back(index, distance)).filter(task => task !== undefined)
    const order = { after: after.map(distance => back(index, distance)).filter(task => task !== undefined) }
    if (kind === 'entry' || (kind === 'consumer' && sources.length === 0)) {
      tasks.push(scope.add(entry(`k${index}`, 'v', steps(index)), order))
    } else if (kind === 'consumer') {
      const value = Output.all(sources.map(task => task.output)).map(values => values.join('+').replaceAll(/\W/g, '.'))
      tasks.push(scope.add(entry(`k${index}`, value, steps(index)), order))
    } else if (kind === 'joined') {
      tasks.push(scope.add({ ...joined(`k${index}`, token), ...failingSteps(failing.has(index), index) }, order))
    } else {
      const watch = sources.filter(task => task.host === scope.host && task.resource.kind === 'entry')
      const keys = watch.map(task => task.resource.name)
      const resource = { ...unit(`u${index}`, keys), ...failingSteps(failing.has(index), index) }
      tasks.push(scope.add(resource, { ...order, watch }))
    }
    const until = holds.map(distance => back(index, distance)).filter(task => task !== undefined)
    builder.holdBack(tasks.at(-1)!, until)
  }
  return builder.build()
}

/** The position of a task's shape. */
export function indexOf(id: TaskId): number {
  return Number(/(\d+)$/.exec(id)![1])
}

export function hostOf(world: World, index: number): string {
  return `h${world.shapes[index]!.host % world.hostCount}`
}

function failingSteps(fails: boolean, index: number) {
  return fails ? { converge: () => [{ run: `fail k${index}` }] } : {}
}
