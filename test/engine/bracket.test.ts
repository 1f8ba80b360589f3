import { describe, expect, test } from 'vitest'
import { bracket } from '../../src/core/bracket.ts'
import { GraphError } from '../../src/core/graph.ts'
import { GraphBuilder } from '../../src/core/scope.ts'
import { apply } from '../../src/engine/apply.ts'
import { evaluate } from '../../src/engine/evaluate.ts'
import { entry, FakePool, type FakePoolOptions, fakeHosts, fakeRun } from './fake.ts'
import { leaving } from './rolling-world.ts'

type Hosts = ReturnType<typeof fakeHosts>

/** A bracket around two values of a node, of which one depends on the other. */
function nodeIn(builder: GraphBuilder, node: string, value = '2') {
  const scope = builder.scope(node, 'r')
  const a = scope.add(entry('a', value))
  const b = scope.add(entry('b', a.output))
  const cp = builder.scope('cp', 'nodes')
  const enter = [entry(`out-${node}`, 'yes'), entry(`drained-${node}`, 'yes')]
  return { a, b, ...bracket(cp, { enter, leave: [leaving(node)] }, [a, b]) }
}

async function run(builder: GraphBuilder, hosts: Hosts, options: FakePoolOptions = {}) {
  const fake = fakeRun(new FakePool(hosts, options))
  const evaluation = await evaluate(builder.build(), fake)
  const planned = Object.fromEntries([...evaluation.plan.verdicts].map(([id, { is }]) => [id, is]))
  const { ends } = await apply(evaluation, fake)
  return { planned, ends: Object.fromEntries([...ends].map(([id, { result }]) => [id, result])) }
}

const [cordon, drain, uncordon] = ['cp/entry:out-w', 'cp/entry:drained-w', 'cp/uncordon:w'] as const

function single(value?: string) {
  const builder = new GraphBuilder()
  nodeIn(builder, 'w', value)
  return builder
}

describe('a bracket', () => {
  test('is planned, entered before what is inside, and left after it', async () => {
    const hosts = fakeHosts({ cp: {}, w: { a: '1', b: '1' } })
    const { planned, ends } = await run(single(), hosts)
    expect(planned).toMatchObject({ [cordon]: 'change', [drain]: 'change', [uncordon]: 'change' })
    expect(new Set(Object.values(ends))).toEqual(new Set(['changed']))
    expect(hosts.get('cp')!.written).toEqual(['set out-w yes', 'set drained-w yes', 'set drained-w no\nset out-w no'])
  })

  test('costs nothing and is not entered when nothing inside has to change', async () => {
    const hosts = fakeHosts({ cp: {}, w: { a: '2', b: '2' } })
    const { planned, ends } = await run(single(), hosts)
    expect(new Set([...Object.values(planned), ...Object.values(ends)])).toEqual(new Set(['in desired state']))
    expect(hosts.get('cp')!.written).toEqual([])
  })

  test('without anything inside is not entered', async () => {
    const builder = new GraphBuilder()
    bracket(builder.scope('cp', 'nodes'), { enter: [entry('out-w', 'yes')], leave: [leaving('w')] }, [])
    const { planned, ends } = await run(builder, fakeHosts({ cp: {} }))
    expect(new Set([...Object.values(planned), ...Object.values(ends)])).toEqual(new Set(['in desired state']))
  })

  test('is known after apply when what is inside is, and entered only if that really changes', async () => {
    const build = () => {
      const builder = new GraphBuilder()
      const source = builder.scope('cp', 'r').add(entry('source', '2'))
      const inside = builder.scope('w', 'r').add(entry('a', source.output))
      bracket(builder.scope('cp', 'nodes'), { enter: [entry('out-w', 'yes')], leave: [leaving('w')] }, [inside])
      return builder
    }
    const change = await run(build(), fakeHosts({ cp: { source: '1' }, w: { a: '1' } }))
    expect(change.planned).toMatchObject({ [cordon]: 'known after apply', [uncordon]: 'known after apply' })
    expect(change.ends).toMatchObject({ [cordon]: 'changed', [uncordon]: 'changed' })
    const none = await run(build(), fakeHosts({ cp: { source: '1' }, w: { a: '2' } }))
    expect(none.planned).toMatchObject({ [cordon]: 'known after apply', [uncordon]: 'known after apply' })
    expect(none.ends).toMatchObject({ [cordon]: 'in desired state', [uncordon]: 'in desired state' })
  })

  test('that an earlier run entered is left, even when nothing inside has to change any more', async () => {
    const hosts = fakeHosts({ cp: { 'out-w': 'yes' }, w: { a: '2', b: '2' } })
    const { planned, ends } = await run(single(), hosts)
    expect(planned).toMatchObject({ [cordon]: 'in desired state', [drain]: 'in desired state', [uncordon]: 'change' })
    expect(ends).toMatchObject({ [drain]: 'in desired state', [uncordon]: 'changed' })
  })

  test('that an earlier run entered in part is entered whole before anything inside is written', async () => {
    const hosts = fakeHosts({ cp: { 'out-w': 'yes' }, w: { a: '1', b: '1' } })
    const { planned } = await run(single(), hosts)
    expect(planned).toMatchObject({ [cordon]: 'in desired state', [drain]: 'change', [uncordon]: 'change' })
    expect(hosts.get('cp')!.written).toEqual(['set drained-w yes', 'set drained-w no\nset out-w no'])
  })

  test('stays entered when something inside fails', async () => {
    const hosts = fakeHosts({ cp: {}, w: { a: '1', b: '1' } })
    const { ends } = await run(single(), hosts, {
      fault: (_number, host, { jobs }) =>
        host === 'w' && jobs.length > 0 ? { kind: 'timed out', jobs: 0 } : undefined,
    })
    expect(ends).toMatchObject({ 'w/entry:a': 'failed', [cordon]: 'changed', [uncordon]: 'skipped' })
    expect(hosts.get('cp')!.values.get('out-w')).toBe('yes')
  })

  test('is not entered when what holds back its inside fails, and says because of whom', async () => {
    const builder = new GraphBuilder()
    const gate = builder.scope('cp', 'r').add(entry('gate', '2', { steps: [{ run: 'fail gate' }] }))
    for (const task of Object.values(nodeIn(builder, 'w')).filter(one => 'id' in one)) builder.holdBack(task, [gate])
    const hosts = fakeHosts({ cp: { gate: '1' }, w: { a: '1', b: '1' } })
    const { ends } = await run(builder, hosts)
    expect(ends).toMatchObject({ [cordon]: 'skipped', 'w/entry:a': 'skipped', [uncordon]: 'in desired state' })
    expect(hosts.get('cp')!.written).toEqual([])
  })

  test('of a node that is lost before it was entered is done with, since there is nothing to leave', async () => {
    const { ends } = await run(single(), fakeHosts({ cp: {}, w: { a: '1', b: '1' } }), {
      refuse: host => (host === 'w' ? 'unreachable' : undefined),
    })
    expect(ends).toMatchObject({ 'w/entry:a': 'failed', [uncordon]: 'in desired state' })
  })

  test('may not have anything inside that waits for what only begins when it is entered', () => {
    const builder = new GraphBuilder()
    const scope = builder.scope('w', 'r')
    const inside = scope.add(entry('a', '1'))
    const { entered } = bracket(builder.scope('cp', 'nodes'), { enter: [entry('out-w', 'yes')], leave: [] }, [inside])
    builder.holdBack(inside, [scope.add(entry('outside', '1'), { after: entered })])
    expect(() => builder.build()).toThrow(GraphError)
  })

  test('can lie in another one', async () => {
    const builder = new GraphBuilder()
    const cp = builder.scope('cp', 'nodes')
    const { a, b, entered, left } = nodeIn(builder, 'w')
    bracket(cp, { enter: [entry('out-all', 'yes')], leave: [leaving('all')] }, [...entered, a, b, ...left])
    const hosts = fakeHosts({ cp: {}, w: { a: '1', b: '2' } })
    await run(builder, hosts)
    const steps = [
      'out-all yes',
      'out-w yes',
      'drained-w yes',
      'drained-w no\nset out-w no',
      'drained-all no\nset out-all no',
    ]
    expect(hosts.get('cp')!.written).toEqual(steps.map(step => `set ${step}`))
  })
})
