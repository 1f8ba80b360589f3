import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { buildGraph, dependantsOf, dependenciesOf, GraphError } from '../../src/core/graph.ts'
import { Output } from '../../src/core/output.ts'
import type { Edge, Task } from '../../src/core/task.ts'
import type { TaskId } from '../../src/core/task-id.ts'

const id = (name: string) => name as TaskId
const task = (name: string): Task => ({
  id: id(name),
  host: 'h',
  role: 'r',
  resource: {
    kind: 'k',
    name,
    probe: { script: '', parse: () => 0 },
    desired: {},
    diff: () => undefined,
    converge: () => [],
  },
  output: Output.ofTask(id(name)),
})
const edge = (from: string, to: string, watch = false): Edge => ({ from: id(from), to: id(to), watch })
const order = (names: readonly string[], edges: readonly Edge[]) => [...buildGraph(names.map(task), edges).tasks.keys()]

describe('order', () => {
  test('is the order of declaration where dependencies allow it', () => {
    expect(order(['a', 'b', 'c', 'd'], [edge('a', 'b'), edge('a', 'd')])).toEqual(['a', 'b', 'c', 'd'])
  })

  test('puts what a task depends on before it', () => {
    expect(order(['a', 'b', 'c'], [edge('c', 'a')])).toEqual(['b', 'c', 'a'])
  })

  test('has every task once, after all that it depends on, whatever the graph', () => {
    const graphs = fc.integer({ min: 1, max: 20 }).chain(size =>
      fc.tuple(
        fc.shuffledSubarray(
          Array.from({ length: size }, (_, n) => `t${n}`),
          { minLength: size },
        ),
        fc.array(fc.tuple(fc.nat({ max: size - 1 }), fc.nat({ max: size - 1 }))),
      ),
    )
    fc.assert(
      fc.property(graphs, ([names, pairs]) => {
        const edges = pairs.filter(([a, b]) => a < b).map(([a, b]) => edge(`t${a}`, `t${b}`))
        const sorted = order(names, edges)
        expect([...sorted].sort()).toEqual([...names].sort())
        for (const { from, to } of edges) expect(sorted.indexOf(from)).toBeLessThan(sorted.indexOf(to))
      }),
    )
  })
})

describe('mistakes in a graph', () => {
  test('are told by the names of both roles where two declare one thing of a host', () => {
    const owned = (role: string, host = 'h'): Task => ({ ...task('/etc/x'), id: id(`${host}/k:/etc/x`), host, role })
    expect(() => buildGraph([owned('one'), owned('other')], [])).toThrow(
      'Two roles on h declare "k:/etc/x": one and other. One thing has one owner',
    )
    expect(() => buildGraph([owned('one'), owned('other', 'elsewhere')], [])).not.toThrow()
  })

  test.each([
    ['a task declared twice', ['a', 'a'], [], 'Task "a" is declared twice'],
    ['a dependency that is not declared', ['a'], [edge('x', 'a')], 'Task "a" depends on "x", which is not declared'],
    ['a dependant that is not declared', ['a'], [edge('a', 'x')], 'There is no task "x" that "a" comes before'],
    ['a task that waits for itself', ['a'], [edge('a', 'a')], 'a → a'],
  ])('are told by name: %s', (_, names, edges, message) => {
    expect(() => order(names, edges)).toThrow(GraphError)
    expect(() => order(names, edges)).toThrow(message)
  })

  test('a cycle is shown by its shortest way round', () => {
    const edges = [edge('a', 'b'), edge('b', 'c'), edge('c', 'd'), edge('d', 'a'), edge('c', 'b')]
    expect(() => order(['a', 'b', 'c', 'd'], edges)).toThrow('Tasks wait for each other: b → c → b')
  })
})

test('an edge that is declared twice counts once, and watches if one of them does', () => {
  const graph = buildGraph([task('a'), task('b')], [edge('a', 'b'), edge('a', 'b', true), edge('a', 'b')])
  expect(graph.edges).toEqual([edge('a', 'b', true)])
})

test('a task knows its neighbours in both directions', () => {
  const graph = buildGraph(['a', 'b', 'c'].map(task), [edge('a', 'c'), edge('b', 'c')])
  expect(dependenciesOf(graph).get(id('c'))).toEqual(['a', 'b'])
  expect(dependantsOf(graph).get(id('a'))).toEqual(['c'])
  expect(dependantsOf(graph).get(id('c'))).toEqual([])
})
