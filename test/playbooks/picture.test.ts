import { expect, test } from 'vitest'
import type { Graph } from '../../src/index.ts'
import { clusterGraph, facts, specOf, waitsFor } from './given.ts'
import { pictureOf } from './picture.ts'

const graph = clusterGraph(specOf(), facts)
const picture = pictureOf(graph)

/** The graph without its n-th edge. */
function without(number: number): Graph {
  return { ...graph, edges: graph.edges.filter((_, index) => index !== number) }
}

test('the picture of a graph is another when a task waits for something else or watches something else', () => {
  const same = graph.edges.filter((_, number) => pictureOf(without(number)) === picture)
  for (const edge of same) {
    expect(edge.watch).toBe(false)
    const rest = without(graph.edges.indexOf(edge))
    expect(waitsFor(rest, edge.to)).toEqual(waitsFor(graph, edge.to))
  }
  expect(same.length).toBeLessThan(graph.edges.length / 2)
})

test('the picture of a graph is another when a host has a task less', () => {
  for (const id of graph.tasks.keys()) {
    const tasks = new Map([...graph.tasks].filter(([other]) => other !== id))
    const edges = graph.edges.filter(({ from, to }) => from !== id && to !== id)
    expect([id, pictureOf({ ...graph, tasks, edges }) === picture]).toEqual([id, false])
  }
})

test('the picture of a cluster stays as short when it has more workers', () => {
  const hosts = ['cp1', 'w1', 'w2', 'w3', 'w4'].map((name, index) => ({
    name,
    address: `192.0.2.${index + 1}`,
    roles: [name === 'cp1' ? 'control-plane' : 'worker'],
  }))
  const linesFor = (count: number) => {
    const spec = specOf({ hosts: hosts.slice(0, count) })
    const known = new Map(hosts.map(({ name }) => [name, facts.get('w1')!]))
    return pictureOf(clusterGraph(spec, known)).split('\n').length
  }
  expect(linesFor(5)).toBe(linesFor(3))
})
