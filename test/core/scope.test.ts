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
  test('names tasks by host, kind and name, and keeps their role beside that', () => {
    const task = new GraphBuilder().scope('cp1', 'os').add(setting('net.ipv4.ip_forward'))
    expect(task).toMatchObject({ id: 'cp1/setting:net.ipv4.ip_forward', host: 'cp1', role: 'os' })
  })

  test('makes edges of outputs among the inputs, also across hosts and through other values', () => {
    const builder = new GraphBuilder()
    const a = builder.scope('h1', 'r').add(setting('a'))
    const b = builder.scope('h2', 'r').add(setting('b'))
    const both = Output.all([a.output, b.output]).map(values => values.join())
    builder.scope('h2', 'r').add(setting('c', both))
    expect(edgesOf(builder)).toEqual([
      ['h1/setting:a', 'h2/setting:c', false],
      ['h2/setting:b', 'h2/setting:c', false],
    ])
  })

  test('adds the order and the watching that it is told', () => {
    const builder = new GraphBuilder()
    const scope = builder.scope('h', 'r')
    const a = scope.add(setting('a'))
    const b = scope.add(setting('b'))
    scope.add(setting('c'), { after: [a, b], watch: [b] })
    expect(edgesOf(builder)).toEqual([
      ['h/setting:a', 'h/setting:c', false],
      ['h/setting:b', 'h/setting:c', true],
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
    expect(edgesOf(builder)).toEqual([['cp/setting:init', 'w/setting:join', false]])
    expect([...graph.tasks.keys()]).toEqual(['cp/setting:init', 'w/setting:join'])
    expect([...graph.ephemerals.values()]).toMatchObject([
      { id: 'cp/ephemeral value:token', host: 'cp', name: 'token', run: 'make' },
    ])
  })

  test('takes one ephemeral value of a name on each host, whichever roles declare them', () => {
    const builder = new GraphBuilder()
    const token = { name: 'token', run: 'make', parse: () => '' }
    builder.scope('cp1', 'one').ephemeral(token)
    builder.scope('cp2', 'one').ephemeral(token)
    expect(() => builder.scope('cp1', 'other').ephemeral(token)).toThrow(
      'Ephemeral value "cp1/ephemeral value:token" is declared twice',
    )
  })

  test('lets no two roles declare one thing, and names both of them', () => {
    const builder = new GraphBuilder()
    builder.scope('cp1', 'one').add(setting('a'))
    builder.scope('cp1', 'other').add(setting('a'))
    expect(() => builder.build()).toThrow(
      'Two roles on cp1 declare "setting:a": one and other. One thing has one owner',
    )
  })
})
