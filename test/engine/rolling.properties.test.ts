import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { EventBody } from '../../src/core/event.ts'
import type { TaskId } from '../../src/core/task-id.ts'
import { type ApplyResult, apply } from '../../src/engine/apply.ts'
import { type Evaluation, evaluate } from '../../src/engine/evaluate.ts'
import { FakePool, fakeRun } from './fake.ts'
import {
  type Attempt,
  attempts,
  nodeName,
  type RollingWorld,
  rollingGraph,
  rollingWorlds,
  Watch,
} from './rolling-world.ts'

const settings = { numRuns: 200 }

const clean = (version: 0 | 1): Attempt => ({ version, failing: [], lost: [], fault: undefined })

interface Ran extends ReturnType<typeof rollingGraph> {
  readonly evaluation: Evaluation
  /** Undefined if the run was killed. */
  readonly result: ApplyResult | undefined
  /** What was written on the controller. */
  readonly written: readonly string[]
  readonly events: readonly EventBody[]
}

/** One run of evcctl, with its faults. */
async function attempt(world: RollingWorld, watch: Watch, one: Attempt): Promise<Ran | undefined> {
  const declared = rollingGraph(world, one, watch)
  const asked = new Map<string, number>()
  const pool = new FakePool(watch.hosts, {
    latency: number => 1 + ((number * 7 + world.maxUnavailable * 13) % 5),
    refuse: host => {
      const turn = (asked.get(host) ?? 0) + 1
      asked.set(host, turn)
      return one.lost.some(([node, from]) => nodeName(node) === host && turn >= from) ? 'unreachable' : undefined
    },
    fault: number => (number === one.fault?.at ? one.fault : undefined),
  })
  const run = fakeRun(pool)
  const { events } = run
  const { written } = watch.hosts.get('cp')!
  const before = written.length
  const running = evaluate(declared.graph, run).then(async evaluation => ({
    evaluation,
    result: await apply(evaluation, run),
  }))
  const ended = await Promise.race([running, pool.killed.promise])
  return ended === undefined ? undefined : { ...declared, ...ended, written: written.slice(before), events }
}

const histories = fc.array(attempts, { minLength: 1, maxLength: 4 })

test('never are more nodes in a bracket than may be unavailable, nor is something inside written on a node that is not in it', async () => {
  await fc.assert(
    fc.asyncProperty(rollingWorlds, histories, async (world, history) => {
      const watch = new Watch(world)
      for (const one of history) await attempt(world, watch, one)
      expect(watch.wrong).toEqual([])
    }),
    settings,
  )
})

test('a failed gate stops all batches after it', async () => {
  await fc.assert(
    fc.asyncProperty(rollingWorlds, histories, async (world, history) => {
      const watch = new Watch(world)
      for (const one of history) {
        const ran = await attempt(world, watch, { ...one, fault: undefined })
        const { ends } = ran!.result!
        ran!.gates.forEach((gate, index) => {
          if (ends.get(gate.id)!.result === 'in desired state') return
          expect(ran!.behind[index]!.filter(({ id }) => ends.get(id)!.change !== undefined)).toEqual([])
        })
      }
    }),
    settings,
  )
})

test('what is written on one node at a time never is on two, nor when it failed on a node before in the same batch', async () => {
  await fc.assert(
    fc.asyncProperty(rollingWorlds, histories, async (world, history) => {
      const watch = new Watch(world)
      for (const one of history) {
        const ran = await attempt(world, watch, { ...one, fault: undefined })
        const alone = ran!.alone.flat().map(({ id }) => id)
        let open: TaskId | undefined
        for (const event of ran!.events) {
          if (event.type === 'task:start' && alone.includes(event.task)) {
            expect(open ?? event.task).toBe(event.task)
            open = event.task
          }
          if (event.type === 'task:end' && event.task === open) open = undefined
        }
        for (const batch of ran!.alone) {
          const ends = batch.map(({ id }) => ran!.result!.ends.get(id)!)
          const bad = ends.findIndex(({ result }) => result === 'failed' || result === 'skipped')
          if (bad >= 0) expect(ends.slice(bad + 1).filter(({ result }) => result === 'changed')).toEqual([])
        }
      }
    }),
    settings,
  )
})

test('nothing is entered that has nothing to change inside', async () => {
  await fc.assert(
    fc.asyncProperty(rollingWorlds, histories, async (world, history) => {
      const watch = new Watch(world)
      for (const one of history) {
        const isOut = watch.entered
        const ran = await attempt(world, watch, { ...one, fault: undefined })
        const { ends } = ran!.result!
        for (const [name, inside] of ran!.inside) {
          const isLost = ran!.result!.failedHosts.has(name)
          const hasChange = inside.some(({ id }) => (isLost ? isPending(ran!, id) : ends.get(id)!.change !== undefined))
          const entering = ran!.written.filter(script => script === `set out-${name} yes`)
          if (!hasChange) expect(entering).toEqual([])
          if (!isOut.includes(name) && !inside.some(({ id }) => isPending(ran!, id))) {
            const own = [...ran!.evaluation.plan.verdicts].filter(
              ([id]) => ran!.evaluation.graph.tasks.get(id)!.role === 'nodes' && id.endsWith(name),
            )
            expect(own.filter(([, { is }]) => is !== 'in desired state')).toEqual([])
          }
        }
      }
    }),
    settings,
  )
})

test('after runs that failed or were cut off anywhere, one that is not finishes with every node left again', async () => {
  await fc.assert(
    fc.asyncProperty(rollingWorlds, histories, fc.constantFrom(0, 1), async (world, history, version) => {
      const watch = new Watch(world)
      for (const one of history) await attempt(world, watch, one)
      const last = await attempt(world, watch, clean(version))
      expect(last!.result!.summary).toMatchObject({ failed: 0, skipped: 0, cancelled: 0 })
      expect(watch.entered).toEqual([])
      expect(watch.wrong).toEqual([])
      const again = await attempt(world, watch, clean(version))
      expect([...again!.evaluation.plan.verdicts].filter(([, { is }]) => is !== 'in desired state')).toEqual([])
      expect(again!.written).toEqual([])
    }),
    settings,
  )
})

test('what plan predicts covers what apply does, and what it is sure of happens', async () => {
  await fc.assert(
    fc.asyncProperty(rollingWorlds, histories, fc.constantFrom(0, 1), async (world, history, version) => {
      const watch = new Watch(world)
      for (const one of history) await attempt(world, watch, one)
      const { evaluation, result } = (await attempt(world, watch, clean(version)))!
      for (const [id, { is }] of evaluation.plan.verdicts) {
        if (is === 'change') expect([id, result!.ends.get(id)!.result]).toEqual([id, 'changed'])
        if (is === 'in desired state') expect([id, result!.ends.get(id)!.result]).toEqual([id, 'in desired state'])
      }
    }),
    settings,
  )
})

function isPending({ evaluation }: Ran, id: string): boolean {
  const verdict = [...evaluation.plan.verdicts].find(([one]) => one === id)?.[1]
  return verdict?.is !== 'in desired state'
}
