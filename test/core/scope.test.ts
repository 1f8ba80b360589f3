import { describe, expect, test } from 'vitest'
import { Output } from '../../src/core/output.ts'
import type { Resource } from '../../src/core/resource.ts'
import { GraphBuilder } from '../../src/core/scope.ts'

function setting(
  name: string,
  value: Resource<string, { value: string }>['desired']['value'] = '',
): Resource<string, { value: string }, string> {
  return {
    kind: 'setting',
    name,
    probe: { script: '', parse: raw => raw.stdout },
    desired: { value },
    diff: () => undefined,
    converge: () => [],
    output: current => current,
  }
}

const edgesOf = (builder: GraphBuilder) => builder.build().edges.map(({ from, to, watch }) => [from, to, watch])

describe('a scope', () => {
  test('names tasks by host, role, kind and name', () => {
    const task = new GraphBuilder().scope('cp1', 'os').add(setting('net.ipv4.ip_forward'))
    expect(task).toMatchObject({ id: 'cp1/os/setting:net.ipv4.ip_forward', host: 'cp1', role: 'os' })
  })

  test('makes edges of outputs among the inputs, also across hosts and through other values', () => {
    const builder = new GraphBuilder()
    const a = builder.scope('h1', 'r').add(setting('a'))
    const b = builder.scope('h2', 'r').add(setting('b'))
    const both = Output.all([a.output, b.output]).map(values => values.join())
    builder.scope('h2', 'r').add(setting('c', both))
    expect(edgesOf(builder)).toEqual([
      ['h1/r/setting:a', 'h2/r/setting:c', false],
      ['h2/r/setting:b', 'h2/r/setting:c', false],
    ])
  })

  test('adds the order and the watching that it is told', () => {
    const builder = new GraphBuilder()
    const scope = builder.scope('h', 'r')
    const a = scope.add(setting('a'))
    const b = scope.add(setting('b'))
    scope.add(setting('c'), { after: [a, b], watch: [b] })
    expect(edgesOf(builder)).toEqual([
      ['h/r/setting:a', 'h/r/setting:c', false],
      ['h/r/setting:b', 'h/r/setting:c', true],
    ])
  })

  test('lets the consumer of an ephemeral value wait for what the value waits for; the value itself is no task', () => {
    const builder = new GraphBuilder()
    const init = builder.scope('cp', 'r').add(setting('init'))
    const token = builder
      .scope('cp', 'r')
      .ephemeral({ name: 'token', run: 'make', parse: raw => raw.stdout, after: [init] })
    builder.scope('w', 'r').add(setting('join', token.map(String)))
    const graph = builder.build()
    expect(edgesOf(builder)).toEqual([['cp/r/setting:init', 'w/r/setting:join', false]])
    expect([...graph.tasks.keys()]).toEqual(['cp/r/setting:init', 'w/r/setting:join'])
    expect([...graph.ephemerals.values()]).toMatchObject([
      { id: 'cp/r/ephemeral value:token', host: 'cp', name: 'token', run: 'make' },
    ])
  })
})
