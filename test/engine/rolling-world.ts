import fc from 'fast-check'
import { bracket } from '../../src/core/bracket.ts'
import { Output } from '../../src/core/output.ts'
import type { Resource } from '../../src/core/resource.ts'
import { batchesOf, rolling } from '../../src/core/rolling.ts'
import { GraphBuilder } from '../../src/core/scope.ts'
import type { Graph, Task } from '../../src/core/task.ts'
import { barrier } from '../../src/resources/support/barrier.ts'
import { entry, FakeHost, unit } from './fake.ts'

/** One task on a node. Indices count backwards: in `after` among all tasks, in `inputs` among the sources and its node's. */
interface Shape {
  readonly kind: 'entry' | 'consumer'
  readonly inside: boolean
  readonly after: readonly number[]
  readonly inputs: readonly number[]
  /** Its desired value in each version: most stay the same. */
  readonly wanted: readonly [string, string]
  readonly initial: 'nothing' | 'other' | 'right'
}

/** Nodes that change batch after batch, each in a bracket that a controller enters and leaves. */
export interface RollingWorld {
  readonly nodes: readonly (readonly Shape[])[]
  readonly maxUnavailable: number
  /** The desired values, in each version, of the tasks on the controller that give values to the nodes. */
  readonly sources: readonly (readonly [string, string])[]
}

/** What a run has to do, and what goes wrong in it. */
export interface Attempt {
  readonly version: 0 | 1
  /** Tasks whose steps fail, as node and index. */
  readonly failing: readonly (readonly [number, number])[]
  /** Nodes that cannot be reached from their n-th connection on. The first connection is for reading. */
  readonly lost: readonly (readonly [number, number])[]
  /** At which exchange the run is killed or loses its connection, and after how many jobs of that exchange. */
  readonly fault: { readonly at: number; readonly jobs: number; readonly kind: 'killed' | 'lost' } | undefined
}

const wanted = fc.constantFrom<readonly [string, string]>(['a', 'a'], ['a', 'b'], ['b', 'a'])

const shape: fc.Arbitrary<Shape> = fc.record({
  kind: fc.constantFrom('entry', 'consumer'),
  inside: fc.boolean(),
  after: fc.array(fc.nat({ max: 6 }), { maxLength: 2 }),
  inputs: fc.array(fc.nat({ max: 6 }), { minLength: 1, maxLength: 2 }),
  wanted,
  initial: fc.constantFrom('nothing', 'other', 'right', 'right'),
})

export const rollingWorlds: fc.Arbitrary<RollingWorld> = fc.record({
  nodes: fc.array(fc.array(shape, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 6 }),
  maxUnavailable: fc.integer({ min: 1, max: 3 }),
  sources: fc.array(wanted, { maxLength: 2 }),
})

export const attempts: fc.Arbitrary<Attempt> = fc.record({
  version: fc.constantFrom(0, 1),
  failing: fc.array(fc.tuple(fc.nat({ max: 4 }), fc.nat({ max: 3 })), { maxLength: 2 }),
  lost: fc.array(fc.tuple(fc.nat({ max: 3 }), fc.constantFrom(1, 2, 2, 2, 3, 4)), { maxLength: 2 }),
  fault: fc.option(
    fc.record({
      at: fc.integer({ min: 1, max: 25 }),
      jobs: fc.nat({ max: 3 }),
      kind: fc.constantFrom('killed', 'killed', 'lost'),
    }),
    { nil: undefined },
  ),
})

/** Hosts that check, after each script, that not too many nodes are out of service, and that no node in service is changed. */
export class Watch {
  readonly hosts: ReadonlyMap<string, FakeHost>
  readonly wrong: string[] = []

  constructor({ nodes, maxUnavailable }: RollingWorld) {
    const look = (host: FakeHost, script: string) => {
      const { entered } = this
      if (entered.length > maxUnavailable) this.wrong.push(`${entered} are out of service`)
      if (/ inside-/.test(script) && script.startsWith('set') && !entered.includes(host.name))
        this.wrong.push(`"${script}" on ${host.name}, which is in service`)
    }
    class Watched extends FakeHost {
      override run(script: string) {
        const result = super.run(script)
        look(this, script)
        return result
      }
    }
    const names = ['cp', ...nodes.map((_, index) => nodeName(index))]
    this.hosts = new Map(names.map(name => [name, new Watched(name)]))
    nodes.forEach((shapes, node) => {
      shapes.forEach(({ initial, wanted, inside }, index) => {
        if (initial === 'nothing') return
        const { values } = this.hosts.get(nodeName(node))!
        const value = initial === 'right' ? wanted[0] : 'x'
        values.set(keyOf(inside, index), value)
        if (index === 0) values.set('alone', value)
      })
    })
  }

  /** The nodes that are out of service. */
  get entered(): readonly string[] {
    const { values } = this.hosts.get('cp')!
    return [...this.hosts.keys()].filter(name => values.get(`out-${name}`) === 'yes')
  }
}

/** The graph of an attempt, and the parts of it that tests look at. */
export interface RollingGraph {
  readonly graph: Graph
  readonly inside: ReadonlyMap<string, readonly Task[]>
  /** What is written on one node at a time: a task a node, batch after batch. */
  readonly alone: readonly (readonly Task[])[]
  readonly gates: readonly Task[]
  /** For each gate, the tasks of the batches after it that may not be written when it fails. */
  readonly behind: readonly (readonly Task[])[]
}

/** Declares the graph of an attempt. The nodes that `watch` finds out of service go first. */
export function rollingGraph(world: RollingWorld, { version, failing }: Attempt, watch: Watch): RollingGraph {
  const builder = new GraphBuilder()
  const { entered } = watch
  const batches = batchesOf(
    world.nodes.map((_, node) => nodeName(node)),
    { maxUnavailable: world.maxUnavailable, isEntered: name => entered.includes(name) },
  )
  const all: Task<string>[] = []
  const inside = new Map<string, Task[]>()
  const held = new Map<string, Task[]>()
  const proofs = new Map<string, Task[]>()
  const left = new Map<string, readonly Task[]>()
  const alone = new Map<string, Task>()
  const cp = builder.scope('cp', 'nodes')
  const sources = world.sources.map((values, index) => cp.add(entry(`source-${index}`, values[version])))
  for (const name of batches.flat()) {
    const node = Number(name.slice(1))
    const scope = builder.scope(name, 'r')
    const own: Task<string>[] = []
    const ins: Task[] = []
    world.nodes[node]!.forEach((one, index) => {
      const fails = failing.some(([n, i]) => n === node && i === index)
      const order = { after: backIn(all, one.after) }
      const inputs = backIn([...sources, ...own], one.inputs)
      const task = scope.add(resourceOf(one, index, inputs, version, fails), order)
      all.push(task)
      own.push(task)
      if (one.inside) ins.push(task)
    })
    const { length } = world.nodes[node]!
    const failsAlone = failing.some(([n, i]) => n === node && i === length + 1)
    const steps = failsAlone ? { steps: [{ run: 'fail alone' }] } : {}
    alone.set(name, scope.add(entry('alone', world.nodes[node]![0]!.wanted[version], steps), { after: own.slice(1) }))
    const fails = failing.some(([n, i]) => n === node && i === length)
    const proof = scope.add({ ...unit('proof', []), ...(fails ? failingSteps : {}) }, { after: own })
    const enter = [entry(`out-${name}`, 'yes'), entry(`drained-${name}`, 'yes')]
    left.set(name, bracket(cp, { enter, leave: [leaving(name)] }, ins).left)
    inside.set(name, ins)
    held.set(name, [...own, alone.get(name)!])
    proofs.set(name, [proof, alone.get(name)!])
  }
  const gates: Task[] = []
  rolling(builder, batches, {
    held: name => held.get(name)!,
    proofs: name => proofs.get(name)!,
    left: name => left.get(name)!,
    alone: name => [alone.get(name)!],
    gate: (batch, order) => {
      const gate = builder.scope('cp', 'rolling').add(barrier(`batch ${batch}`), order)
      gates.push(gate)
      return gate
    },
  })
  const behind = gates.map((_, index) =>
    batches.slice(index + 1).flatMap(batch => batch.flatMap(name => held.get(name)!)),
  )
  return {
    graph: builder.build(),
    inside,
    alone: batches.map(batch => batch.map(name => alone.get(name)!)),
    gates,
    behind,
  }
}

function backIn<T>(tasks: readonly T[], distances: readonly number[]): readonly T[] {
  return distances.flatMap(distance => tasks.at(-1 - (distance % Math.max(1, tasks.length))) ?? [])
}

export function nodeName(node: number): string {
  return `n${node}`
}

function keyOf(inside: boolean, index: number): string {
  return `${inside ? 'inside' : 'outside'}-${index}`
}

const failingSteps = { converge: () => [{ run: 'fail it' }] }

function resourceOf(
  { kind, inside, wanted }: Shape,
  index: number,
  inputs: readonly Task<string>[],
  version: 0 | 1,
  fails: boolean,
): Resource<string | undefined, { value: string }, string> {
  const key = keyOf(inside, index)
  const steps = fails ? { steps: [{ run: `fail ${key}` }] } : {}
  if (kind === 'entry' || inputs.length === 0) return entry(key, wanted[version], steps)
  const value = Output.all(inputs.map(task => task.output)).map(values => `of-${values.join('-').slice(0, 20)}`)
  return entry(key, value, steps)
}

/** Takes a node back into service if `out-NODE` or `drained-NODE` says that it is not, whatever happened to the run. */
export function leaving(node: string): Resource<boolean, Record<never, never>> {
  return {
    kind: 'uncordon',
    name: node,
    probe: {
      script: `get out-${node}\nget drained-${node}`,
      parse: ({ stdout }) => stdout.split('\n').includes('=yes'),
    },
    desired: {},
    diff: (isOut, _, { watched }) => (isOut || watched.length > 0 ? { action: 'run', fields: [] } : undefined),
    converge: () => [{ run: `set drained-${node} no\nset out-${node} no` }],
  }
}
