import { describe, expect, test, vi } from 'vitest'
import { UserError } from '../../src/core/errors.ts'
import { GraphBuilder } from '../../src/core/scope.ts'
import { apply } from '../../src/engine/apply.ts'
import { evaluate } from '../../src/engine/evaluate.ts'
import type { Writer } from '../../src/engine/run.ts'
import { entry, FakePool, type FakePoolOptions, fakeHosts, fakeRun, joined, unit } from './fake.ts'

async function run(builder: GraphBuilder, hosts: ReturnType<typeof fakeHosts>, options: FakePoolOptions = {}) {
  const pool = new FakePool(hosts, options)
  const fake = fakeRun(pool)
  const evaluation = await evaluate(builder.build(), fake)
  const evaluated = pool.count
  const result = await apply(evaluation, fake)
  const ends = Object.fromEntries([...result.ends].map(([id, end]) => [id.replace('/', ' '), end.result]))
  return { pool, events: fake, result, ends, exchanges: pool.count - evaluated }
}

describe('exchanges', () => {
  test('nothing to do costs exactly what a plan costs', async () => {
    const builder = new GraphBuilder()
    const a = builder.scope('h1', 'r').add(entry('a', '1'))
    builder.scope('h2', 'r').add(entry('b', a.output))
    const { exchanges, result } = await run(builder, fakeHosts({ h1: { a: '1' }, h2: { b: '1' } }))
    expect(exchanges).toBe(0)
    expect(result.summary).toEqual({ changed: 0, failed: 0, skipped: 0, cancelled: 0, inDesiredState: 2 })
  })

  test('tasks that are ready together travel together', async () => {
    const builder = new GraphBuilder()
    for (const key of ['a', 'b', 'c', 'd']) builder.scope('h1', 'r').add(entry(key, '1'))
    const { exchanges, result } = await run(builder, fakeHosts({ h1: {} }))
    expect(exchanges).toBe(1)
    expect(result.summary.changed).toBe(4)
  })

  test('a chain of n changes needs n exchanges', async () => {
    const builder = new GraphBuilder()
    const scope = builder.scope('h1', 'r')
    let last = scope.add(entry('k0', '1'))
    for (let n = 1; n < 6; n++) last = scope.add(entry(`k${n}`, '1'), { after: [last] })
    const { exchanges, result } = await run(builder, fakeHosts({ h1: {} }))
    expect(exchanges).toBe(6)
    expect(result.summary.changed).toBe(6)
  })

  test('what follows a change and is in desired state is all read again along with it', async () => {
    const builder = new GraphBuilder()
    const scope = builder.scope('h1', 'r')
    let last = scope.add(entry('k0', '1'))
    for (let n = 1; n < 6; n++) last = scope.add(entry(`k${n}`, '1'), { after: [last] })
    const { exchanges, ends } = await run(builder, fakeHosts({ h1: { k1: '1', k2: '1', k3: '1', k4: '1', k5: '1' } }))
    expect(exchanges).toBe(1)
    expect(ends['h1 entry:k5']).toBe('in desired state')
  })
})

describe('freshness', () => {
  test('what an earlier task brought about by the way is not written again', async () => {
    const builder = new GraphBuilder()
    const scope = builder.scope('h1', 'r')
    const pack = scope.add(entry('package', '1', { steps: [{ run: 'set package 1\nset conf x' }] }))
    scope.add(entry('conf', 'x'), { after: [pack] })
    const { ends, pool } = await run(builder, fakeHosts({ h1: {} }))
    expect(ends).toEqual({ 'h1 entry:package': 'changed', 'h1 entry:conf': 'in desired state' })
    expect(pool.hosts.get('h1')!.written).toHaveLength(1)
  })

  test('a task whose ancestor converged on another host is read again before it is written', async () => {
    const builder = new GraphBuilder()
    const first = builder.scope('h1', 'r').add(entry('a', '1'))
    const middle = builder.scope('h1', 'r').add(entry('b', '1'), { after: [first] })
    builder.scope('h2', 'r').add(entry('c', '1'), { after: [middle] })
    const { pool } = await run(builder, fakeHosts({ h1: { b: '1' }, h2: {} }))
    const there = pool.seen.filter(({ host }) => host === 'h2').map(({ jobs, probes }) => [jobs.length, probes.length])
    expect(there).toEqual([
      [0, 1],
      [0, 1],
      [1, 0],
    ])
  })

  test('a task that depends on nothing that changed is written without being read again', async () => {
    const builder = new GraphBuilder()
    const first = builder.scope('h1', 'r').add(entry('a', '1'))
    builder.scope('h2', 'r').add(entry('c', '1'), { after: [first] })
    const { pool } = await run(builder, fakeHosts({ h1: { a: '1' }, h2: {} }))
    expect(pool.exchanges()).toEqual(
      new Map([
        ['h1', 1],
        ['h2', 2],
      ]),
    )
  })
})

describe('what a run tells', () => {
  test('a changed task is queued, starts, prints and ends', async () => {
    const builder = new GraphBuilder()
    builder.scope('h1', 'role').add(entry('a', '1', { steps: [{ run: 'say \u001b[31mpulling\nset a 1' }] }))
    const { events } = await run(builder, fakeHosts({ h1: {} }))
    const told = events.events.filter(event => event.type.startsWith('task:'))
    expect(told).toMatchObject([
      { type: 'task:queued', task: 'h1/entry:a', host: 'h1', role: 'role', title: 'entry a' },
      { type: 'task:start', host: 'h1', role: 'role', title: 'entry a' },
      { type: 'task:output', line: 'pulling' },
      { type: 'task:end', result: 'changed', change: { action: 'create' } },
    ])
  })
})

describe('values', () => {
  test('a value travels to another host once its producer is done', async () => {
    const builder = new GraphBuilder()
    const ca = builder.scope('cp', 'r').add(entry('ca', 'hash'))
    builder.scope('w', 'r').add(entry('joined', ca.output))
    const { pool, ends } = await run(builder, fakeHosts({ cp: {}, w: {} }))
    expect(pool.hosts.get('w')!.values.get('joined')).toBe('hash')
    expect(ends).toEqual({ 'cp entry:ca': 'changed', 'w entry:joined': 'changed' })
  })

  test('a consumer that already has the value that comes out is not written', async () => {
    const builder = new GraphBuilder()
    const ca = builder.scope('cp', 'r').add(entry('ca', 'hash'))
    builder.scope('w', 'r').add(entry('joined', ca.output))
    const { ends } = await run(builder, fakeHosts({ cp: {}, w: { joined: 'hash' } }))
    expect(ends).toEqual({ 'cp entry:ca': 'changed', 'w entry:joined': 'in desired state' })
  })

  test('a unit restarts in the same run in which a file it watches changes', async () => {
    const builder = new GraphBuilder()
    const scope = builder.scope('h1', 'r')
    const file = scope.add(entry('conf', '2'))
    scope.add(unit('nginx', ['conf']), { after: [file], watch: [file] })
    const { ends, exchanges } = await run(builder, fakeHosts({ h1: { conf: '1', 'stamp-nginx': 'conf:1' } }))
    expect(ends['h1 unit:nginx']).toBe('changed')
    expect(exchanges).toBe(2)
  })
})

describe('failures', () => {
  test('dependants are skipped with the cause, everything else goes on', async () => {
    const builder = new GraphBuilder()
    const scope = builder.scope('h1', 'r')
    const broken = scope.add(entry('a', '1', { steps: [{ run: 'fail a' }] }))
    const next = scope.add(entry('b', '1'), { after: [broken] })
    builder.scope('h2', 'r').add(entry('c', '1'), { after: [next] })
    scope.add(entry('d', '1'))
    builder.scope('h2', 'r').add(entry('e', '1'))
    const { result, ends } = await run(builder, fakeHosts({ h1: {}, h2: {} }))
    expect(ends).toEqual({
      'h1 entry:a': 'failed',
      'h1 entry:b': 'skipped',
      'h2 entry:c': 'skipped',
      'h1 entry:d': 'changed',
      'h2 entry:e': 'changed',
    })
    const last = [...result.ends.values()].find(end => end.result === 'skipped')
    expect(last?.because).toBe('h1/entry:a')
    const failed = result.ends.get(broken.id)!.error!
    expect(failed).toMatchObject({ where: 'h1 entry a', actual: 'exit code 7\ncannot do a' })
  })

  test('a resource explains its own failures, and knows which of its steps it was', async () => {
    const builder = new GraphBuilder()
    const explained = { problem: 'port 6443 is taken', next: 'stop what listens there' }
    const steps = [{ run: 'set a 0' }, { run: 'fail a' }]
    const explain = vi.fn(() => explained)
    const task = builder.scope('h1', 'r').add(entry('a', '1', { steps, explain }))
    const { result } = await run(builder, fakeHosts({ h1: {} }))
    expect(result.ends.get(task.id)!.error).toEqual({ where: 'h1 entry a', ...explained })
    expect(explain.mock.calls).toEqual([[expect.objectContaining({ step: 1 }), { value: '1' }, steps[1]]])
  })

  test('steps that do not bring the desired state about are a failure', async () => {
    const builder = new GraphBuilder()
    const task = builder.scope('h1', 'r').add(entry('a', '2', { steps: [{ run: 'set a 3' }] }))
    const { result } = await run(builder, fakeHosts({ h1: { a: '1' } }))
    expect(result.ends.get(task.id)).toMatchObject({
      result: 'failed',
      error: { expected: 'value: 2', actual: 'value: 3' },
    })
    expect(result.ends.get(task.id)!.error!.problem).toContain('did not converge')
  })

  test('a host that keeps another password is told without either', async () => {
    const builder = new GraphBuilder()
    const secret = entry('a', 'password:wanted-s3cret', { steps: [{ run: 'set a password:other-s3cret' }] })
    const named = entry('b', 'wanted-s3cret', { steps: [{ run: 'set b other-s3cret' }] })
    const scope = builder.scope('h1', 'r')
    const ids = [secret, { ...named, diff: renamed(named.diff) }].map(resource => scope.add(resource).id)
    const { result } = await run(builder, fakeHosts({ h1: { a: 'password:first-s3cret', b: 'first-s3cret' } }))
    const errors = ids.map(id => result.ends.get(id)!.error)
    expect(errors).toMatchObject([
      { expected: 'value: password:<hidden>', actual: 'value: password:<hidden>' },
      { expected: 'db.password: <hidden>', actual: 'db.password: <hidden>' },
    ])
  })

  test('what a step prints is shown without credentials', async () => {
    const builder = new GraphBuilder()
    builder.scope('h1', 'r').add(entry('a', '2', { steps: [{ run: 'say --token=s3cret' }] }))
    const { events } = await run(builder, fakeHosts({ h1: {} }))
    expect(events.of('task:output').map(({ line }) => line)).toEqual(['--token=<hidden>'])
  })

  test('a host that cannot be reached fails its tasks, the others go on', async () => {
    const builder = new GraphBuilder()
    const a = builder.scope('h1', 'r').add(entry('a', '1'))
    builder.scope('h1', 'r').add(entry('b', '1'), { after: [a] })
    builder.scope('h2', 'r').add(entry('c', '1'))
    const hosts = fakeHosts({ h1: {}, h2: {} })
    const { ends, result } = await run(builder, hosts, { refuse: host => (host === 'h1' ? 'unreachable' : undefined) })
    expect(ends).toEqual({ 'h1 entry:a': 'failed', 'h1 entry:b': 'skipped', 'h2 entry:c': 'changed' })
    expect([...result.failedHosts.keys()]).toEqual(['h1'])
  })

  test('a value that a finished task does not give fails its consumer', async () => {
    const builder = new GraphBuilder()
    const producer = builder.scope('h1', 'r').add({ ...entry('a', '1'), output: () => undefined as string | undefined })
    const consumer = builder.scope('h1', 'r').add(entry('b', producer.output))
    const { result } = await run(builder, fakeHosts({ h1: { a: '1' } }))
    expect(result.ends.get(consumer.id)).toMatchObject({ result: 'failed', error: { where: 'h1 entry b' } })
  })
})

describe('losses', () => {
  const two = () => {
    const builder = new GraphBuilder()
    const scope = builder.scope('h1', 'r')
    const a = scope.add(entry('a', '1'))
    scope.add(entry('b', '1'), { after: [a] })
    return builder
  }

  test.each([0, 1])('after a loss with %i jobs done, what is still different is converged again', async jobs => {
    const { ends, pool } = await run(two(), fakeHosts({ h1: {} }), {
      fault: number => (number === 2 ? { kind: 'lost', jobs } : undefined),
    })
    expect(ends).toEqual({ 'h1 entry:a': 'changed', 'h1 entry:b': 'changed' })
    expect(pool.hosts.get('h1')!.written).toEqual(['set a 1', 'set b 1'])
  })

  test('a second loss of the same steps fails them', async () => {
    const { ends } = await run(two(), fakeHosts({ h1: {} }), {
      fault: (_, __, request) => (request.jobs.length > 0 ? { kind: 'lost', jobs: 0 } : undefined),
    })
    expect(ends).toEqual({ 'h1 entry:a': 'failed', 'h1 entry:b': 'skipped' })
  })

  test('a time-out fails the job that ran, and reads the others again', async () => {
    const builder = new GraphBuilder()
    for (const key of ['a', 'b', 'c']) builder.scope('h1', 'r').add(entry(key, '1'))
    const { ends } = await run(builder, fakeHosts({ h1: {} }), {
      fault: number => (number === 2 ? { kind: 'timed out', jobs: 1 } : undefined),
    })
    expect(ends).toEqual({ 'h1 entry:a': 'changed', 'h1 entry:b': 'failed', 'h1 entry:c': 'changed' })
  })

  test('what a lost exchange may have touched is read again, although it was read before', async () => {
    const builder = new GraphBuilder()
    const scope = builder.scope('h1', 'r')
    const a = scope.add(entry('a', '1', { steps: [{ run: 'set a 1\nset b broken' }] }))
    const b = scope.add(entry('b', '1', { steps: [{ run: 'set b 1\nset c broken' }] }), { after: [a] })
    scope.add(entry('c', '1'), { after: [b] })
    const { ends, pool } = await run(builder, fakeHosts({ h1: { b: '1', c: '1' } }), {
      fault: number => (number === 3 ? { kind: 'lost', jobs: 1 } : undefined),
    })
    expect(Object.values(ends)).toEqual(['changed', 'changed', 'changed'])
    expect(pool.hosts.get('h1')!.values.get('c')).toBe('1')
  })

  test('a host that stays away after a loss fails what is left of it', async () => {
    let away = false
    const { ends, result } = await run(two(), fakeHosts({ h1: {} }), {
      fault: number => {
        if (number !== 2) return undefined
        away = true
        return { kind: 'lost', jobs: 0 }
      },
      refuse: () => (away ? 'unreachable' : undefined),
    })
    expect(ends).toEqual({ 'h1 entry:a': 'failed', 'h1 entry:b': 'skipped' })
    expect(result.failedHosts.get('h1')!.kind).toBe('unreachable')
  })
})

describe('ephemeral values', () => {
  const cluster = () => {
    const builder = new GraphBuilder()
    const init = builder.scope('cp', 'r').add(entry('init', '1'))
    const token = builder.scope('cp', 'r').ephemeral({
      name: 'token',
      run: 'make token',
      parse: raw => raw.stdout,
      revoke: value => `revoke ${value}`,
      after: [init],
    })
    for (const worker of ['w1', 'w2']) builder.scope(worker, 'r').add(joined('node', token))
    return builder
  }

  test('are not made when nobody needs them', async () => {
    const { pool, exchanges } = await run(
      cluster(),
      fakeHosts({ cp: { init: '1' }, w1: { node: 'x' }, w2: { node: 'x' } }),
    )
    expect(exchanges).toBe(0)
    expect(pool.hosts.get('cp')!.made).toEqual([])
  })

  test('are made once for all who need them, after what they wait for, and revoked', async () => {
    const { pool, events, ends } = await run(cluster(), fakeHosts({ cp: {}, w1: {}, w2: {} }))
    expect(pool.hosts.get('cp')!.made).toEqual(['token'])
    expect(pool.hosts.get('cp')!.revoked).toEqual(['token-1-of-cp'])
    expect(pool.hosts.get('w2')!.values.get('node')).toBe('joined-with-token-1-of-cp')
    expect(Object.values(ends)).toEqual(['changed', 'changed', 'changed'])
    expect(events.of('value:making')).toHaveLength(1)
    expect(events.of('value:revoked')).toHaveLength(1)
  })

  test('work with a single slot', async () => {
    const pool = new FakePool(fakeHosts({ cp: {}, w1: {}, w2: {} }))
    const fake = fakeRun(pool, { parallel: 1 })
    const result = await apply(await evaluate(cluster().build(), fake), fake)
    expect(result.summary.changed).toBe(3)
    expect(pool.mostAtOnce).toBe(1)
  })

  test('that cannot be made fail their consumers', async () => {
    const builder = new GraphBuilder()
    const token = builder.scope('cp', 'r').ephemeral({ name: 'token', run: 'fail token', parse: raw => raw.stdout })
    const task = builder.scope('w1', 'r').add(joined('node', token))
    const { result } = await run(builder, fakeHosts({ cp: {}, w1: {} }))
    expect(result.ends.get(task.id)).toMatchObject({
      result: 'failed',
      error: { where: 'cp', problem: 'token could not be made', actual: 'cannot do token' },
    })
  })

  test('that cannot be made say what their maker says', async () => {
    const builder = new GraphBuilder()
    const parse = () => {
      throw new UserError({ problem: 'the API server does not answer', next: 'kubectl get nodes' })
    }
    const token = builder.scope('cp', 'r').ephemeral<string>({ name: 'token', run: 'make token', parse })
    const task = builder.scope('w1', 'r').add(joined('node', token))
    const { result } = await run(builder, fakeHosts({ cp: {}, w1: {} }))
    expect(result.ends.get(task.id)!.error).toEqual({
      where: 'cp',
      problem: 'the API server does not answer',
      next: 'kubectl get nodes',
    })
  })

  test('that cannot be revoked are told of', async () => {
    const { events } = await run(cluster(), fakeHosts({ cp: {}, w1: {}, w2: {} }), {
      fault: (_, __, request) =>
        request.jobs.some(job => job.steps.some(step => 'run' in step && step.run.startsWith('revoke')))
          ? { kind: 'unreachable', jobs: 0 }
          : undefined,
    })
    expect(events.of('value:revoked')).toEqual([])
    expect(events.of('note').map(note => note.text)).toEqual([expect.stringContaining('token could not be revoked')])
  })

  test('are not made twice when the connection is lost meanwhile', async () => {
    const { ends, pool } = await run(cluster(), fakeHosts({ cp: { init: '1' }, w1: {}, w2: {} }), {
      fault: (_, __, request) =>
        request.jobs.some(job => job.verify.script.includes('make')) ? { kind: 'lost', jobs: 0 } : undefined,
    })
    expect(ends).toEqual({
      'cp entry:init': 'in desired state',
      'w1 joined:node': 'failed',
      'w2 joined:node': 'failed',
    })
    expect(pool.hosts.get('cp')!.made).toEqual([])
  })

  test('are revoked although their consumer failed', async () => {
    const { pool, ends } = await run(cluster(), fakeHosts({ cp: { init: '1' }, w1: {}, w2: { node: 'x' } }), {
      fault: (_, host, request) =>
        host === 'w1' && request.jobs.length > 0 ? { kind: 'protocol', jobs: 0 } : undefined,
    })
    expect(ends['w1 joined:node']).toBe('failed')
    expect(pool.hosts.get('cp')!.revoked).toEqual(['token-1-of-cp'])
  })
})

describe('cancellation', () => {
  test('stop lets running exchanges end, starts nothing new and revokes', async () => {
    const stop = new AbortController()
    const builder = new GraphBuilder()
    const token = builder
      .scope('cp', 'r')
      .ephemeral({ name: 'token', run: 'make token', parse: raw => raw.stdout, revoke: value => `revoke ${value}` })
    const first = builder.scope('w', 'r').add(joined('node', token))
    builder.scope('w', 'r').add(entry('after', '1'), { after: [first] })
    builder.scope('w', 'r').add(entry('same', '1'), { after: [first] })
    const pool = new FakePool(fakeHosts({ cp: {}, w: { same: '1' } }), {
      fault: (_, __, request) => {
        if (request.jobs.some(job => job.steps.length > 0)) stop.abort()
        return undefined
      },
    })
    const fake = fakeRun(pool, { stop: stop.signal })
    const { summary } = await apply(await evaluate(builder.build(), fake), fake)
    expect(summary).toMatchObject({ changed: 1, cancelled: 1, failed: 0, inDesiredState: 1 })
    expect(pool.hosts.get('cp')!.revoked).toEqual(['token-1-of-cp'])
  })

  test('abort reaches running exchanges; their tasks are cancelled, and values are still revoked', async () => {
    const abort = new AbortController()
    const builder = new GraphBuilder()
    const token = builder
      .scope('cp', 'r')
      .ephemeral({ name: 'token', run: 'make token', parse: raw => raw.stdout, revoke: value => `revoke ${value}` })
    builder.scope('w', 'r').add(joined('node', token))
    const hosts = fakeHosts({ cp: {}, w: {} })
    const pool = new FakePool(hosts, {
      latency: () => {
        if (hosts.get('cp')!.made.length > 0) abort.abort()
        return 2
      },
    })
    const fake = fakeRun(pool, { abort: abort.signal })
    const { summary } = await apply(await evaluate(builder.build(), fake), fake)
    expect(summary).toMatchObject({ changed: 0, cancelled: 1, failed: 0 })
    expect(hosts.get('w')!.written).toEqual([])
    expect(hosts.get('cp')!.revoked).toEqual(['token-1-of-cp'])
  })
})

describe('what is held back', () => {
  /** h1 proves something. h2 writes only after h1, and h3 only after h2. */
  function held(proof: Parameters<typeof entry>[2] = {}) {
    const builder = new GraphBuilder()
    const tasks = ['h1', 'h2', 'h3'].map(host => {
      const scope = builder.scope(host, 'r')
      const a = scope.add(entry('a', '2', host === 'h1' ? proof : {}))
      return { a, after: scope.add(entry('b', '1'), { after: [a] }) }
    })
    for (const index of [1, 2]) {
      for (const task of [tasks[index]!.a, tasks[index]!.after]) builder.holdBack(task, [tasks[index - 1]!.after])
    }
    return builder
  }
  const failing = { steps: [{ run: 'fail a' }] }

  test('is written in its order', async () => {
    const { result, pool } = await run(held(), fakeHosts({ h1: { a: '1' }, h2: { a: '1' }, h3: { a: '1' } }))
    expect(result.summary).toMatchObject({ changed: 6, failed: 0 })
    const writers = pool.seen.filter(({ jobs }) => jobs.length > 0).map(({ host }) => host)
    expect([...new Set(writers)]).toEqual(['h1', 'h2', 'h3'])
    expect(writers).toEqual([...writers].sort())
  })

  test('is not written when what it waits for fails; what has nothing to write is as if it waited for nobody', async () => {
    const hosts = fakeHosts({ h1: { a: '1' }, h2: { a: '2', b: '1' }, h3: { a: '1', b: '1' } })
    const { ends } = await run(held(failing), hosts)
    expect(ends).toEqual({
      'h1 entry:a': 'failed',
      'h1 entry:b': 'skipped',
      'h2 entry:a': 'in desired state',
      'h2 entry:b': 'in desired state',
      // This task waits for h2 only, where nothing failed.
      'h3 entry:a': 'changed',
      'h3 entry:b': 'in desired state',
    })
    const both = await run(held(failing), fakeHosts({ h1: { a: '1' }, h2: { a: '1' }, h3: { a: '1', b: '1' } }))
    expect(both.ends).toMatchObject({ 'h2 entry:a': 'skipped', 'h3 entry:a': 'skipped', 'h3 entry:b': 'skipped' })
    expect(both.pool.seen.filter(({ host, jobs }) => host !== 'h1' && jobs.length > 0)).toEqual([])
  })

  /** A gate waits for h1 and h2, and holds back h3. Tests lose h1 before or after something was written to it. */
  function gated(proof: Parameters<typeof entry>[2] = {}) {
    const builder = new GraphBuilder()
    const proofs = ['h1', 'h2'].map(host => {
      const scope = builder.scope(host, 'r')
      const first = scope.add(entry('a', '2'))
      return scope.add(entry('b', '2', host === 'h2' ? proof : {}), { after: [first] })
    })
    const gate = builder.scope('h3', 'gate').add(entry('gate', '1'), { afterReached: proofs })
    builder.holdBack(builder.scope('h3', 'r').add(entry('a', '2')), [gate])
    return builder
  }
  const standing = { a: '1', b: '1' }
  const three = () => fakeHosts({ h1: standing, h2: standing, h3: { a: '1', gate: '1' } })
  /** Connecting to h1 fails from the n-th time on. The first time is that of the evaluation. */
  function lostFrom(turn: number): FakePoolOptions {
    let asked = 0
    return { refuse: host => (host === 'h1' && ++asked >= turn ? 'unreachable' : undefined) }
  }

  test('goes on past a host that was lost before anything was written to it, when the others are well', async () => {
    for (const turn of [1, 2]) {
      const { ends, pool } = await run(gated(), three(), lostFrom(turn))
      expect(ends).toMatchObject({ 'h1 entry:a': 'failed', 'h2 entry:b': 'changed', 'h3 entry:a': 'changed' })
      const writers = pool.seen.filter(({ jobs }) => jobs.length > 0).map(({ host }) => host)
      expect([...new Set(writers)]).toEqual(['h2', 'h3'])
    }
    const { ends } = await run(gated(failing), three(), lostFrom(2))
    expect(ends).toMatchObject({ 'h2 entry:b': 'failed', 'h3 entry:a': 'skipped' })
  })

  test('stays as it is when a host is lost that has got something of what is new', async () => {
    const hosts = three()
    const hasSomething = () => hosts.get('h1')!.values.get('a') === '2'
    const { ends } = await run(gated(), hosts, {
      refuse: host => (host === 'h1' && hasSomething() ? 'unreachable' : undefined),
    })
    expect(hasSomething()).toBe(true)
    expect(ends).toMatchObject({ 'h1 entry:b': 'failed', 'h2 entry:b': 'changed', 'h3 entry:a': 'skipped' })
  })

  test('is read again when its holder ends while an answer from before is on its way', async () => {
    const builder = new GraphBuilder()
    const holder = builder.scope('h1', 'r').add(entry('a', '2'))
    const h2 = builder.scope('h2', 'r')
    h2.add(entry('b', '2'))
    builder.holdBack(h2.add(entry('c', '2')), [holder])
    const hosts = fakeHosts({ h1: { a: '1' }, h2: { b: '1', c: '1' } })
    const { ends } = await run(builder, hosts, {
      // Both hosts are written to at the same time. h2 is read first, and its reply arrives last.
      latency: number => (number === 3 ? 4 : 1),
      replyLatency: number => (number === 4 ? 8 : 0),
      fault: (_number, host, { jobs }) => {
        // The write on h1 brings h2 into its desired state.
        if (jobs.length > 0 && host === 'h1') hosts.get('h2')!.values.set('c', '2')
        return undefined
      },
    })
    expect(ends).toEqual({ 'h1 entry:a': 'changed', 'h2 entry:b': 'changed', 'h2 entry:c': 'in desired state' })
    expect(hosts.get('h2')!.written).toEqual(['set b 2'])
  })

  test('costs no exchange where there is nothing to do', async () => {
    const well = { a: '2', b: '1' }
    const { exchanges, result } = await run(held(), fakeHosts({ h1: well, h2: well, h3: well }))
    expect([exchanges, result.summary.inDesiredState]).toEqual([0, 6])
  })
})

test('a host that refuses what is written fails alone while the lock is held, at once, and the others are worked on', async () => {
  const builder = new GraphBuilder()
  const scope = builder.scope('h1', 'r')
  const first = scope.add(entry('a', '1'))
  const second = scope.add(entry('b', '1'), { after: [first] })
  scope.add(entry('c', '1'), { after: [second] })
  const refused = builder.scope('h2', 'r').add(entry('d', '1'))
  // It would be the turn of this task when the first host is done.
  const later = builder.scope('h2', 'later').add(entry('e', '1'), { after: [second] })
  const pool = new FakePool(fakeHosts({ h1: {}, h2: {} }), {
    fault: (_, host, { jobs }) => (host === 'h2' && jobs.length > 0 ? { kind: 'fenced', jobs: 0 } : undefined),
  })
  const fake = fakeRun(pool)
  const evaluation = await evaluate(builder.build(), fake)
  const doubted: UserError[] = []
  const writer: Writer = {
    fence: { generation: 7, run: 'run-1' },
    lost: undefined,
    hold: async () => undefined,
    doubt: async error => void doubted.push(error),
  }
  const { summary, ends, failedHosts } = await apply(evaluation, { ...fake, writer })
  expect(summary).toMatchObject({ changed: 3, failed: 2, cancelled: 0 })
  expect([ends.get(refused.id)?.result, ends.get(later.id)?.result]).toEqual(['failed', 'failed'])
  expect(failedHosts.get('h2')?.kind).toBe('fenced')
  // The hosts that keep the lock were asked once: one host does not make all others wait again and again.
  expect(doubted).toHaveLength(1)
})

/** The same difference, in a field of which only the name tells that it is secret. */
function renamed(diff: ReturnType<typeof entry>['diff']): ReturnType<typeof entry>['diff'] {
  return (current, desired, context) => {
    const change = diff(current, desired, context)
    return change === undefined
      ? undefined
      : { ...change, fields: change.fields.map(field => ({ ...field, field: 'db.password' })) }
  }
}
