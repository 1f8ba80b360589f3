import { expect, test } from 'vitest'
import { clearedHosts, withoutHosts } from '../../src/cli/run/cleared-hosts.ts'
import { HostError } from '../../src/core/index.ts'
import type { ApplyResult } from '../../src/engine/index.ts'
import { barrier, GraphBuilder, type TaskId } from '../../src/index.ts'

function given(results: Readonly<Record<string, readonly ('changed' | 'in desired state' | 'failed')[]>>) {
  const builder = new GraphBuilder()
  const ends = new Map<TaskId, object>()
  for (const [host, all] of Object.entries(results)) {
    for (const [index, result] of all.entries())
      ends.set(builder.scope(host, 'reset').add(barrier(`${index}`)).id, { result })
  }
  return { graph: builder.build(), ends: ends as ApplyResult['ends'] }
}

test('a host forgets the lock only if all was done there: not if something failed, it was lost, or never answered', () => {
  const { graph, ends } = given({
    done: ['changed', 'in desired state'],
    failed: ['changed', 'failed'],
    lost: ['changed'],
    other: ['changed'],
  })
  const failedHosts = new Map([['lost', new HostError('lost', 'lost', { problem: 'lost' })]])
  const hosts = new Set(['done', 'failed', 'lost', 'silent'])
  expect([...clearedHosts(hosts, { graph }, { ends, failedHosts })]).toEqual(['done'])
  expect([...withoutHosts(graph, hosts).tasks.values()].map(({ host }) => host)).toEqual(['other'])
})
