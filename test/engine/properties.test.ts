import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Edge, Graph } from '../../src/core/task.ts'
import type { TaskId } from '../../src/core/task-id.ts'
import { type ApplyResult, apply } from '../../src/engine/apply.ts'
import { type Evaluation, evaluate } from '../../src/engine/evaluate.ts'
import { graphOf, hostsOf, indexOf, type World, worlds } from './arbitrary.ts'
import { type FakeHost, FakePool, type FakePoolOptions, fakeRun } from './fake.ts'

type Hosts = Map<string, FakeHost>

const settings = { numRuns: 150 }

async function plan(graph: Graph, hosts: Hosts) {
  const pool = new FakePool(hosts)
  const evaluation = await evaluate(graph, fakeRun(pool))
  return { pool, evaluation, pending: pendingIn(evaluation) }
}

async function applyOnce(graph: Graph, hosts: Hosts, options: FakePoolOptions = {}, parallel = 50) {
  const pool = new FakePool(hosts, options)
  const run = fakeRun(pool, { parallel })
  const evaluation = await evaluate(graph, run)
  return { pool, run, evaluation, result: await apply(evaluation, run) }
}

function pendingIn({ plan: { verdicts } }: Evaluation): TaskId[] {
  return [...verdicts].filter(([, verdict]) => verdict.is !== 'in desired state').map(([id]) => id)
}

function endedAs(result: ApplyResult, end: string): TaskId[] {
  return [...result.ends].filter(([, { result: one }]) => one === end).map(([id]) => id)
}

function tables(hosts: Hosts) {
  return [...hosts].map(([name, host]) => [name, [...host.values].sort()])
}

// Latencies differ from exchange to exchange, but are the same in every run of a test case.
const jitter = (seed: number) => (number: number) => 1 + ((number * 7 + seed * 13) % 5)

test('plan writes nothing and makes one exchange a host', async () => {
  await fc.assert(
    fc.asyncProperty(worlds, async world => {
      const hosts = hostsOf(world)
      const before = tables(hosts)
      const { pool } = await plan(graphOf(world), hosts)
      expect(tables(hosts)).toEqual(before)
      expect([...hosts.values()].flatMap(host => [...host.written, ...host.made])).toEqual([])
      expect([...pool.exchanges().values()].every(count => count === 1)).toBe(true)
    }),
    settings,
  )
})

test('after apply, plan has no changes and a second apply makes exactly the exchanges of a plan', async () => {
  await fc.assert(
    fc.asyncProperty(worlds, fc.nat({ max: 9 }), async (world, seed) => {
      const hosts = hostsOf(world)
      const graph = graphOf(world)
      const first = await applyOnce(graph, hosts, { latency: jitter(seed) })
      expect(first.result.summary).toMatchObject({ failed: 0, skipped: 0, cancelled: 0 })
      const { pending, pool } = await plan(graph, hosts)
      expect(pending).toEqual([])
      const second = await applyOnce(graph, hosts)
      expect(second.result.summary.changed).toBe(0)
      expect(second.pool.exchanges()).toEqual(pool.exchanges())
    }),
    settings,
  )
})

test('what plan predicts covers what apply does, and what it is sure of happens', async () => {
  await fc.assert(
    fc.asyncProperty(worlds, fc.nat({ max: 9 }), async (world, seed) => {
      const { evaluation, result } = await applyOnce(graphOf(world), hostsOf(world), { latency: jitter(seed) })
      const changed = endedAs(result, 'changed')
      expect(pendingIn(evaluation)).toEqual(expect.arrayContaining(changed))
      const sure = [...evaluation.plan.verdicts].filter(([, verdict]) => verdict.is === 'change').map(([id]) => id)
      expect(changed).toEqual(expect.arrayContaining(sure))
    }),
    settings,
  )
})

test('killed at any exchange, before or after its effects, the next apply converges', async () => {
  const kill = fc.record({ at: fc.integer({ min: 1, max: 12 }), jobs: fc.nat({ max: 4 }) })
  await fc.assert(
    fc.asyncProperty(worlds, fc.array(kill, { minLength: 1, maxLength: 3 }), async (world, kills) => {
      const hosts = hostsOf(world)
      for (const { at, jobs } of kills) {
        const pool = new FakePool(hosts, {
          fault: number => (number === at ? { kind: 'killed', jobs } : undefined),
        })
        const run = fakeRun(pool)
        const attempt = evaluate(graphOf(world), run).then(evaluation => apply(evaluation, run))
        await Promise.race([attempt, pool.killed.promise])
      }
      const { result } = await applyOnce(graphOf(world), hosts)
      expect(result.summary).toMatchObject({ failed: 0, skipped: 0, cancelled: 0 })
      expect((await plan(graphOf(world), hosts)).pending).toEqual([])
    }),
    settings,
  )
})

test('connections lost now and then do not keep apply from converging', async () => {
  const losses = fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(worlds, losses, fc.nat({ max: 3 }), async (world, lost, jobs) => {
      const hosts = hostsOf(world)
      const graph = graphOf(world)
      const hit = new Set<string>()
      const { run } = await applyOnce(graph, hosts, {
        // Making a value is not repeated, and a task that is lost twice fails. Other tests are about these cases.
        fault: (number, host, request) => {
          const scripts = [...request.jobs.map(job => job.verify), ...request.probes].map(probe => host + probe.script)
          if (!lost.includes(number) || scripts.some(script => hit.has(script) || script.includes('make')))
            return undefined
          for (const script of scripts) hit.add(script)
          return { kind: 'lost', jobs }
        },
      })
      expect(run.of('task:end').filter(({ result: end }) => end === 'failed')).toEqual([])
      expect((await plan(graph, hosts)).pending).toEqual([])
    }),
    settings,
  )
})

test('a failure never runs a dependant, and everything else is done', async () => {
  await fc.assert(
    fc.asyncProperty(worlds, fc.array(fc.nat({ max: 15 }), { maxLength: 3 }), async (world, failing) => {
      const hosts = hostsOf(world)
      const graph = graphOf(world, new Set(failing))
      const { result } = await applyOnce(graph, hosts)
      const failed = new Set(endedAs(result, 'failed'))
      const broken = ({ from }: Edge) => ['failed', 'skipped'].includes(result.ends.get(from)!.result)
      for (const [id, end] of result.ends) {
        const before = graph.edges.filter(({ to }) => to === id)
        const cause = before.some(edge => !edge.hold && broken(edge))
        const held = before.some(edge => edge.hold && broken(edge))
        if (held && !cause) expect(['skipped', 'in desired state', 'failed']).toContain(end.result)
        else expect(end.result === 'skipped').toBe(cause)
        if (end.result === 'skipped') {
          expect(failed).toContain(end.because)
          const written = hosts.get(graph.tasks.get(id)!.host)!.written
          expect(written.filter(script => script.includes(`k${indexOf(id)} `))).toEqual([])
        }
      }
      expect(result.summary.cancelled).toBe(0)
    }),
    settings,
  )
})

test('an ephemeral value is made at most once, only when it is used, and always revoked', async () => {
  await fc.assert(
    fc.asyncProperty(worlds, fc.array(fc.nat({ max: 15 }), { maxLength: 3 }), async (world, failing) => {
      const hosts = hostsOf(world)
      const { result, run } = await applyOnce(graphOf(world, new Set(failing)), hosts)
      const { made, revoked } = hosts.get('h0')!
      const used = [...result.ends].filter(([id, end]) => id.includes('joined:') && end.change !== undefined)
      expect(made.length).toBe(used.length > 0 ? 1 : 0)
      expect(revoked.length).toBe(made.length)
      expect(run.of('value:making')).toHaveLength(made.length)
    }),
    settings,
  )
})

test('exchanges of one host never overlap, and no more hosts work at a time than allowed', async () => {
  await fc.assert(
    fc.asyncProperty(worlds, fc.nat({ max: 9 }), fc.integer({ min: 1, max: 4 }), async (world, seed, parallel) => {
      const { pool, result } = await applyOnce(graphOf(world), hostsOf(world), { latency: jitter(seed) }, parallel)
      expect(pool.overlaps).toEqual([])
      expect(pool.mostAtOnce).toBeLessThanOrEqual(parallel)
      expect(result.summary.failed).toBe(0)
    }),
    settings,
  )
})

test('the same world gives the same exchanges and the same events in the same order', async () => {
  await fc.assert(
    fc.asyncProperty(worlds, fc.nat({ max: 9 }), async (world, seed) => {
      const tell = async (of: World) => {
        const { pool, run } = await applyOnce(graphOf(of), hostsOf(of), { latency: jitter(seed) })
        return { seen: pool.seen, events: run.events.map(event => ({ ...event, ms: 0 })) }
      }
      expect(await tell(world)).toEqual(await tell(world))
    }),
    settings,
  )
})

test('a run that is stopped anywhere starts nothing new and gives every task an end', async () => {
  await fc.assert(
    fc.asyncProperty(worlds, fc.integer({ min: 1, max: 10 }), async (world, at) => {
      const hosts = hostsOf(world)
      const stop = new AbortController()
      const pool = new FakePool(hosts, {
        fault: number => {
          if (number === at) stop.abort()
          return undefined
        },
      })
      const run = fakeRun(pool, { stop: stop.signal })
      const graph = graphOf(world)
      const result = await apply(await evaluate(graph, run), run)
      expect([...result.ends.keys()]).toEqual([...graph.tasks.keys()])
      expect(hosts.get('h0')!.revoked.length).toBe(hosts.get('h0')!.made.length)
      const next = await applyOnce(graph, hosts)
      expect(next.result.summary).toMatchObject({ failed: 0, cancelled: 0 })
    }),
    settings,
  )
})
