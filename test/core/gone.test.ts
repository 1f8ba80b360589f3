import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { gone, takenBack } from '../../src/core/gone.ts'
import { dependenciesOf } from '../../src/core/graph.ts'
import type { Resource } from '../../src/core/resource.ts'
import { GraphBuilder } from '../../src/core/scope.ts'
import type { Graph, Task } from '../../src/core/task.ts'
import { apply } from '../../src/engine/apply.ts'
import { evaluate } from '../../src/engine/evaluate.ts'
import { entry, FakePool, fakeHosts, fakeRun } from '../engine/fake.ts'
import { stateOf } from '../resources/state-of.ts'

/** A resource that can be taken back. */
function removable(key: string, value = 'x'): Resource<string | undefined, { value: string }, string> {
  return {
    ...entry(key, value),
    removal: {
      left: current => (current === undefined ? [] : [{ field: 'value', before: current, after: 'nothing' }]),
      steps: () => [{ run: `unset ${key}` }],
    },
  }
}

describe('a resource that is to be gone', () => {
  test('has a change as long as there is something of it, and keeps its identity', () => {
    const resource = gone(removable('a'))
    expect(resource).toMatchObject({ kind: 'entry', name: 'a' })
    expect(resource.diff(resource.probe.parse({ exitCode: 0, stdout: '=x', stderr: '' }), {}, { watched: [] })).toEqual(
      {
        action: 'delete',
        fields: [{ field: 'value', before: 'x', after: 'nothing' }],
      },
    )
    expect(resource.diff(stateOf(resource), {}, { watched: [] })).toBeUndefined()
  })

  test('cannot be wanted there as well', () => {
    const builder = new GraphBuilder()
    builder.scope('h', 'one').add(removable('a'))
    builder.scope('h', 'other').add(gone(removable('a')))
    expect(() => builder.build()).toThrow('One thing has one owner')
  })

  test('has to say how it is taken back', () => {
    expect(() => gone(entry('a', 'x'))).toThrow('entry a does not say how it is taken back')
  })
})

/** Tasks on two hosts. Each comes after some of the tasks before it; about every third cannot be taken back. */
const graphs = fc
  .array(
    fc.record({
      host: fc.constantFrom('h1', 'h2'),
      stays: fc.integer({ min: 0, max: 2 }),
      after: fc.array(fc.nat(20)),
    }),
    {
      minLength: 1,
      maxLength: 12,
    },
  )
  .map(declared => {
    const builder = new GraphBuilder()
    const tasks: Task[] = []
    for (const [index, { host, stays, after }] of declared.entries()) {
      const order = { after: after.flatMap(other => tasks[other] ?? []) }
      const resource = stays === 0 ? entry(`k${index}`, 'x') : removable(`k${index}`)
      tasks.push(builder.scope(host, 'r').add(resource, order))
    }
    return builder.build()
  })

test('what a graph made is taken back in reverse order, and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(graphs, async graph => {
      const hosts = fakeHosts({ h1: { own: 'of somebody else' }, h2: {} })
      await applyGraph(graph, new FakePool(hosts))
      const back = takenBack(graph)
      // The task that was made later goes first, whatever lies between the two.
      const made = reachable(dependenciesOf(graph))
      const goes = reachable(dependenciesOf(back))
      for (const id of back.tasks.keys())
        for (const before of made.get(id)!) if (back.tasks.has(before)) expect(goes.get(before)).toContain(id)
      await applyGraph(back, new FakePool(hosts))
      const left = [...hosts.values()].flatMap(({ name, values }) => [...values.keys()].map(key => `${name} ${key}`))
      const staying = [...graph.tasks.values()].filter(({ resource }) => resource.removal === undefined)
      expect(left.sort()).toEqual(['h1 own', ...staying.map(({ host, resource }) => `${host} ${resource.name}`)].sort())
    }),
    { numRuns: 100 },
  )
})

async function applyGraph(graph: Graph, pool: FakePool): Promise<void> {
  const run = fakeRun(pool)
  await apply(await evaluate(graph, run), run)
}

/** All tasks that each task comes after, directly or not. */
function reachable<T>(direct: ReadonlyMap<T, readonly T[]>): ReadonlyMap<T, ReadonlySet<T>> {
  const all = new Map<T, Set<T>>()
  for (const [id, before] of direct) all.set(id, new Set(before.flatMap(one => [one, ...(all.get(one) ?? [])])))
  return all
}
