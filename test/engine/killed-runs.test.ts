import { mkdtempSync, rmSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { GraphBuilder } from '../../src/core/scope.ts'
import type { TaskId } from '../../src/core/task-id.ts'
import { apply } from '../../src/engine/apply.ts'
import { evaluate } from '../../src/engine/evaluate.ts'
import { createEventStream } from '../../src/engine/events.ts'
import { openJournal } from '../../src/engine/journal.ts'
import { unfinishedRun } from '../../src/engine/unfinished-run.ts'
import { entry, FakePool, type FakePoolOptions, fakeHosts, fakeRun } from './fake.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evcctl-killed-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Two hosts with chains of changes, of which one waits for the other. */
function labOf() {
  const builder = new GraphBuilder()
  const a = builder.scope('cp', 'r')
  const first = a.add(entry('a', '1'))
  const second = a.add(entry('b', '1'), { after: [first] })
  const b = builder.scope('w', 'r')
  b.add(entry('c', '1'))
  const joined = b.add(entry('d', '1'), { after: [second] })
  b.add(entry('e', '1'), { after: [joined] })
  return builder.build()
}

/** Applies with a journal, until it ends or is killed. */
async function applyWith(hosts: ReturnType<typeof fakeHosts>, options: FakePoolOptions) {
  const pool = new FakePool(hosts, options)
  const journal = await openJournal({ folder, cluster: 'lab', command: 'apply' })
  const stream = createEventStream({ name: 'journal', take: event => journal.write(event) })
  const run = fakeRun(pool, { emit: stream.emit })
  const evaluation = await evaluate(labOf(), run)
  const planned = [...evaluation.plan.verdicts].flatMap(([id, { is }]) => (is === 'in desired state' ? [] : [id]))
  for (const [host, tasks] of Map.groupBy(planned, id => evaluation.graph.tasks.get(id)!.host))
    run.emit({ type: 'host:planned', host, tasks })
  run.emit({ type: 'apply:start' })
  const killed = await Promise.race([apply(evaluation, run).then(() => false), pool.killed.promise.then(() => true)])
  if (!killed) await journal.close('ok')
  else {
    // No process has that number.
    const path = join(journal.folder!, 'run.json')
    await writeFile(path, (await readFile(path, 'utf8')).replace(/"pid": \d+/, '"pid": 999999999'))
  }
  return { killed, planned, exchanges: pool.count }
}

const has = (hosts: ReturnType<typeof fakeHosts>, id: TaskId) => {
  const [host = '', name = ''] = id.split('/entry:')
  return hosts.get(host)!.values.get(name) === '1'
}

test('wherever a run is killed, what its journal calls proven is on the hosts, and each planned task is in one group', async () => {
  const { exchanges } = await applyWith(fakeHosts({ cp: {}, w: {} }), {})
  let kills = 0
  for (let number = 3; number <= exchanges; number++) {
    for (const jobs of [0, 1]) {
      const hosts = fakeHosts({ cp: {}, w: {} })
      const { killed, planned } = await applyWith(hosts, {
        fault: at => (at === number ? { kind: 'killed', jobs } : undefined),
      })
      if (!killed) continue
      kills += 1
      const found = unfinishedRun({ folder, cluster: 'lab', except: 'none' })!
      expect(found.ended).toBe('killed')
      expect(found.proven.filter(id => !has(hosts, id))).toEqual([])
      // What was not begun is not there; of what was begun nobody knows.
      expect(found.notBegun.filter(id => has(hosts, id))).toEqual([])
      expect([...found.proven, ...found.unproven, ...found.notBegun].sort()).toEqual([...planned].sort())
      // The next run does what is left, and then there is nothing to go on with.
      expect((await applyWith(hosts, {})).killed).toBe(false)
      expect(planned.every(id => has(hosts, id))).toBe(true)
      expect(unfinishedRun({ folder, cluster: 'lab', except: 'none' })).toBeUndefined()
    }
  }
  expect(kills).toBeGreaterThan(3)
})
