import { describe, expect, test } from 'vitest'
import { probeTooLong } from '../../src/core/resource.ts'
import { GraphBuilder } from '../../src/core/scope.ts'
import type { Task } from '../../src/core/task.ts'
import { apply } from '../../src/engine/apply.ts'
import { evaluate } from '../../src/engine/evaluate.ts'
import { entry, FakePool, type FakePoolOptions, fakeHosts, fakeRun, joined, unit } from './fake.ts'

async function look(builder: GraphBuilder, hosts: ReturnType<typeof fakeHosts>, options: FakePoolOptions = {}) {
  const pool = new FakePool(hosts, options)
  const run = fakeRun(pool)
  const evaluation = await evaluate(builder.build(), run)
  return { pool, run, evaluation, is: (task: Task) => evaluation.plan.verdicts.get(task.id)?.is }
}

test('a probe that prints more than it may is an error of its task alone, with the host, the bound and what to look at', async () => {
  const builder = new GraphBuilder()
  const long = builder.scope('w', 'r').add(entry('a', 'x'))
  const other = builder.scope('w', 'r').add(entry('b', 'y'))
  const hosts = fakeHosts({ w: { b: 'y' } })
  const host = hosts.get('w')!
  const run = host.run.bind(host)
  host.run = script =>
    script === long.resource.probe.script ? { exitCode: probeTooLong, stdout: 'yyy', stderr: '' } : run(script)
  const { is, evaluation } = await look(builder, hosts)
  expect(is(other)).toBe('in desired state')
  expect(evaluation.errors.get(long.id)).toEqual({
    where: expect.stringMatching(/^w /),
    problem: 'Its current state could not be read: the host printed too much',
    expected: 'at most 256 KiB',
    actual: 'more; it begins with:\nyyy',
    next: expect.stringContaining('Look on w '),
  })
})

describe('values of other tasks', () => {
  test('are known when their producer is in desired state', async () => {
    const builder = new GraphBuilder()
    const ca = builder.scope('cp', 'r').add(entry('ca', 'hash'))
    const same = builder.scope('w', 'r').add(entry('a', ca.output))
    const other = builder.scope('w', 'r').add(
      entry(
        'b',
        ca.output.map(hash => hash.toUpperCase()),
      ),
    )
    const { is, evaluation } = await look(builder, fakeHosts({ cp: { ca: 'hash' }, w: { a: 'hash', b: 'old' } }))
    expect(is(same)).toBe('in desired state')
    expect(evaluation.plan.verdicts.get(other.id)).toEqual({
      is: 'change',
      change: { action: 'update', fields: [{ field: 'value', before: 'old', after: 'HASH' }] },
    })
  })

  test('are known after apply when their producer is pending, and so are those made of them', async () => {
    const builder = new GraphBuilder()
    const ca = builder.scope('cp', 'r').add(entry('ca', 'new'))
    const next = builder.scope('w', 'r').add(entry('a', ca.output))
    const last = builder.scope('w', 'r').add(entry('b', next.output))
    const { evaluation } = await look(builder, fakeHosts({ cp: { ca: 'old' }, w: { a: 'old', b: 'old' } }))
    expect(evaluation.plan.verdicts.get(next.id)).toMatchObject({ is: 'known after apply', waitingOn: [ca.id] })
    expect(evaluation.plan.verdicts.get(last.id)).toMatchObject({ is: 'known after apply', waitingOn: [next.id] })
  })

  test('of a short-lived kind are no reason to write', async () => {
    const builder = new GraphBuilder()
    const token = builder.scope('cp', 'r').ephemeral({ name: 'token', run: 'make token', parse: raw => raw.stdout })
    const member = builder.scope('w', 'r').add(joined('node', token))
    const config = builder.scope('w', 'r').add(entry('a', token))
    const { is, pool } = await look(builder, fakeHosts({ cp: {}, w: { node: 'x', a: 'y' } }))
    expect([is(member), is(config)]).toEqual(['in desired state', 'in desired state'])
    expect(pool.exchanges()).toEqual(new Map([['w', 1]]))
  })

  test('whose making throws are an error of the consumer', async () => {
    const builder = new GraphBuilder()
    const ca = builder.scope('cp', 'r').add(entry('ca', 'hash'))
    const consumer = builder.scope('w', 'r').add(
      entry(
        'a',
        ca.output.map((): string => {
          throw new Error('no hash in it')
        }),
      ),
    )
    const { evaluation, is } = await look(builder, fakeHosts({ cp: { ca: 'hash' }, w: {} }))
    expect(is(consumer)).toBeUndefined()
    expect(evaluation.errors.get(consumer.id)).toMatchObject({ where: 'w entry a' })
    expect(evaluation.errors.get(consumer.id)!.problem).toContain('no hash in it')
  })
})

describe('watching', () => {
  const watching = (hosts: ReturnType<typeof fakeHosts>) => {
    const builder = new GraphBuilder()
    const value = builder.scope('cp', 'r').add(entry('ca', 'new'))
    const file = builder.scope('w', 'r').add(entry('conf', value.output))
    const service = builder.scope('w', 'r').add(unit('nginx', ['conf']), { watch: [file] })
    return { file, service, looked: look(builder, hosts) }
  }

  test('a pending file makes the unit that watches it restart', async () => {
    const { file, service, looked } = watching(fakeHosts({ cp: { ca: 'new' }, w: { 'stamp-nginx': 'conf:' } }))
    expect((await looked).evaluation.plan.verdicts.get(service.id)).toEqual({
      is: 'change',
      change: { action: 'restart', fields: [], because: [file.id] },
    })
  })

  test('a file that may change makes the restart one that may come', async () => {
    const hosts = fakeHosts({ cp: { ca: 'old' }, w: { conf: 'x', 'stamp-nginx': 'conf:x' } })
    const { file, service, looked } = watching(hosts)
    expect((await looked).evaluation.plan.verdicts.get(service.id)).toMatchObject({
      is: 'known after apply',
      waitingOn: [file.id],
    })
  })

  test('a unit with nothing pending around it stays', async () => {
    const hosts = fakeHosts({ cp: { ca: 'new' }, w: { conf: 'new', 'stamp-nginx': 'conf:new' } })
    const { service, looked } = watching(hosts)
    expect((await looked).is(service)).toBe('in desired state')
  })
})

describe('reading', () => {
  test('the same probe text travels once and answers all who ask', async () => {
    const builder = new GraphBuilder()
    const scope = builder.scope('cp', 'r')
    const tasks = ['n1', 'n2', 'n3'].map(name => scope.add({ ...entry('nodes', 'v'), name }))
    const { pool, is } = await look(builder, fakeHosts({ cp: { nodes: 'v' } }))
    expect(pool.seen[0]!.probes).toEqual(['get nodes'])
    expect(tasks.map(is)).toEqual(['in desired state', 'in desired state', 'in desired state'])
  })

  test('a parser that throws is an error with host, task and the end of what was printed', async () => {
    const builder = new GraphBuilder()
    const resource = entry('a', '1')
    const broken = builder.scope('h', 'r').add({ ...resource, probe: { ...resource.probe, script: 'fail reading' } })
    const fine = builder.scope('h', 'r').add(entry('b', '1'))
    const { evaluation, is } = await look(builder, fakeHosts({ h: {} }))
    expect(evaluation.errors.get(broken.id)).toEqual({
      where: 'h entry a',
      problem: 'Its current state cannot be read: the value cannot be read',
      actual: 'exit code 7\ncannot do reading',
    })
    expect(is(fine)).toBe('change')
  })

  test('a host that does not answer is returned, its tasks have no verdict, and who needs them waits', async () => {
    const builder = new GraphBuilder()
    const ca = builder.scope('cp', 'r').add(entry('ca', 'hash'))
    const consumer = builder.scope('w', 'r').add(entry('a', ca.output))
    const options: FakePoolOptions = { refuse: host => (host === 'cp' ? 'login' : undefined) }
    const { evaluation, is, run } = await look(builder, fakeHosts({ cp: {}, w: { a: 'old' } }), options)
    expect(evaluation.unreachable.get('cp')!.kind).toBe('login')
    expect(is(ca)).toBeUndefined()
    expect(is(consumer)).toBe('known after apply')
    expect(run.of('host:failed').map(event => event.host)).toEqual(['cp'])
  })

  test('a connection that is lost while reading is tried once more', async () => {
    const builder = new GraphBuilder()
    const task = builder.scope('h', 'r').add(entry('a', '1'))
    const fault: FakePoolOptions['fault'] = number => (number === 1 ? { kind: 'lost', jobs: 0 } : undefined)
    const { is } = await look(builder, fakeHosts({ h: {} }), { fault })
    expect(is(task)).toBe('change')
  })

  test('verdicts are counted for those who watch', async () => {
    const builder = new GraphBuilder()
    const ca = builder.scope('cp', 'r').add(entry('ca', 'new'))
    builder.scope('cp', 'r').add(entry('a', ca.output))
    builder.scope('cp', 'r').add(entry('b', '1'))
    const { run } = await look(builder, fakeHosts({ cp: { ca: 'old', a: 'x', b: '1' } }))
    expect(run.of('plan:ready')).toEqual([
      { type: 'plan:ready', toChange: 1, unknown: 1, inDesiredState: 1, stages: [{ role: 'r', hosts: { cp: 2 } }] },
    ])
  })
})

test('what cannot be brought about is an error, and apply writes nothing at all', async () => {
  const builder = new GraphBuilder()
  const refused = { problem: 'The pod range of a standing cluster cannot be changed.' }
  const resource = entry('podCIDR', '10.0.0.0/8')
  const task = builder.scope('h', 'r').add({
    ...resource,
    diff: (current, desired, context) => {
      const change = resource.diff(current, desired, context)
      return change === undefined || current === undefined ? change : { ...change, refused }
    },
  })
  builder.scope('h', 'r').add(entry('a', '1'))
  const hosts = fakeHosts({ h: { podCIDR: '10.244.0.0/16' } })
  const { evaluation, is, run } = await look(builder, hosts)
  expect(is(task)).toBeUndefined()
  expect(evaluation.errors.get(task.id)).toEqual({ where: 'h entry podCIDR', ...refused })
  await expect(apply(evaluation, run)).rejects.toThrow('cannot be changed')
  expect(hosts.get('h')!.written).toEqual([])
})
