import { expect, test } from 'vitest'
import { applyCommand } from '../../src/cli/run/apply-command.ts'
import { chosenPart } from '../../src/cli/run/chosen-part.ts'
import type { ClusterRun } from '../../src/cli/run/cluster-run.ts'
import type { OnlyPart } from '../../src/cli/run/only-parts.ts'
import type { Event, Resource } from '../../src/core/index.ts'
import { GraphBuilder } from '../../src/core/scope.ts'
import { judgeAll } from '../../src/engine/evaluate.ts'
import { specOf } from '../playbooks/given.ts'

const spec = specOf({
  hosts: [
    { name: 'cp1', address: '192.0.2.11', roles: ['control-plane'] },
    { name: 'w1', address: '192.0.2.21', roles: ['worker'] },
  ],
})

function thing(name: string, differs: boolean): Resource<boolean, object> {
  return {
    kind: 'thing',
    name,
    probe: { script: '', parse: () => differs },
    desired: {},
    diff: current => (current ? { action: 'update', fields: [{ field: 'it', after: 'new' }] } : undefined),
    converge: () => [],
  }
}

interface Given {
  readonly only?: OnlyPart
  readonly server?: boolean
  readonly worker?: boolean
}

/** What is chosen of a cluster whose control plane node and worker have one task each, and a third waits for both. */
function chosen({ only, server = true, worker = true }: Given) {
  const builder = new GraphBuilder()
  const first = builder.scope('cp1', 'a').add(thing('server', server))
  const second = builder.scope('w1', 'a').add(thing('worker', worker))
  builder.scope('cp1', 'a').add(thing('cluster', worker), { after: [first, second] })
  const graph = builder.build()
  const snapshots = new Map(
    [...graph.tasks].map(([id, { resource }]) => [id, { current: resource.probe.parse(nothing) }]),
  )
  const events: Event[] = []
  const run = { emit: (event: Event) => events.push(event) } as unknown as ClusterRun['run']
  const all = { graph, snapshots, ...judgeAll(graph, snapshots), unreachable: new Map() }
  const part = chosenPart({ spec, only, run }, all)
  const notes = events.flatMap(event => (event.type === 'note' ? [event.text] : []))
  return { ids: [...part.graph.tasks.keys()], verdicts: [...part.plan.verdicts.keys()], notes }
}

const nothing = { exitCode: 0, stdout: '', stderr: '' }
const whole = ['cp1/thing:server', 'w1/thing:worker', 'cp1/thing:cluster']

test('all of the file is planned where no part is named', () => {
  expect(chosen({})).toEqual({ ids: whole, verdicts: whole, notes: [] })
})

test('--only control-plane plans the control plane, and tells what is left and how it is done', () => {
  expect(chosen({ only: 'control-plane' })).toEqual({
    ids: ['cp1/thing:server'],
    verdicts: ['cp1/thing:server'],
    notes: ['Left for later: 2 changes on w1, cp1. Then: evcctl apply cluster.yaml --only workers'],
  })
  expect(chosen({ only: 'control-plane', worker: false }).notes).toEqual([])
})

test('--only workers plans all that is left when the control plane is as the file says', () => {
  expect(chosen({ only: 'workers', server: false })).toEqual({ ids: whole, verdicts: whole, notes: [] })
})

test('--only workers is refused while the control plane is not as the file says, with what is to be done first', () => {
  let refused: unknown
  try {
    chosen({ only: 'workers' })
  } catch (error) {
    refused = error
  }
  expect(refused).toMatchObject({
    details: {
      where: '--only workers',
      actual: 'cp1 thing server',
      next: 'evcctl apply cluster.yaml --only control-plane',
    },
  })
})

test('a message names the same part to go on with', () => {
  expect(applyCommand({ file: 'lab.yaml', only: 'workers' })).toBe('evcctl apply lab.yaml --only workers')
})
