import { distributionOf } from '../../../distributions/index.ts'
import { inventoryOf } from '../../cluster/index.ts'
import { HostError, UserErrors } from '../../core/index.ts'
import { describeHolder, evaluate, gatherFacts, seenLock } from '../../engine/index.ts'
import { hostFacts } from '../../facts/index.ts'
import type { ClusterRun } from './cluster-run.ts'
import type { ClusterEvaluation } from './evaluate-cluster.ts'

/**
 * Reads all hosts and evaluates an operation that takes the whole cluster away. Hosts that do not answer are left out and named.
 * Nothing has to be fit for a cluster any more. Throws UserErrors if no host answers.
 *
 * If most control plane nodes are silent, nobody can have the lock of the cluster any more; then those hosts keep it that answer.
 */
export async function evaluateReset(
  { spec, voters: all, witnesses, secrets, operation, run }: ClusterRun,
  silent: ReadonlyMap<string, HostError> = new Map(),
): Promise<ClusterEvaluation> {
  const distribution = distributionOf(spec)
  const hosts = spec.hosts.map(({ name }) => name).filter(name => !silent.has(name))
  const read = await gatherFacts(hosts, run, { modules: hostFacts(distribution.facts) })
  if (run.stop.aborted) throw stopped(hosts[0] ?? '')
  const failed = new Map([...silent, ...read.failed])
  if (read.facts.size === 0) throw new UserErrors([...failed.values()])
  const inventory = inventoryOf(spec, distribution, read.facts, secrets)
  const evaluated = await evaluate(operation(inventory), run)
  if (run.stop.aborted) throw stopped(hosts[0] ?? '')
  const voters = votersOf(all, [...read.facts.keys()])
  if (voters !== all) {
    const unheard = all.filter(name => !read.facts.has(name)).join(', ')
    run.emit({
      type: 'note',
      text: `Make sure that no other run is at work: ${unheard} would say so, and do not answer.`,
    })
  }
  const { holder, ...seen } = seenLock(read.locks, voters, witnesses)
  return {
    hosts: spec.hosts,
    voters,
    witnesses: witnesses.filter(name => read.facts.has(name)),
    seen,
    batches: [],
    whole: evaluated.graph,
    records: new Map(),
    evaluation: { ...evaluated, unreachable: new Map([...failed, ...evaluated.unreachable]) },
    ...(holder === undefined ? {} : { lockedBy: describeHolder(holder) }),
  }
}

function votersOf(voters: readonly string[], answering: readonly string[]): readonly string[] {
  const answer = voters.filter(name => answering.includes(name))
  if (answer.length * 2 > voters.length) return voters
  return answer.length > 0 ? answer : answering
}

function stopped(host: string): HostError {
  return new HostError(host, 'cancelled', {
    problem: 'Stopped while the hosts were being read. Nothing was written.',
  })
}
