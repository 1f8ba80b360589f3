import { distributionOf } from '../distributions/index.ts'
import { etcdDefragmented } from '../roles/etcd-defrag/index.ts'
import { memberQuestion, type Operation, siteOf, type Task, UserError } from '../src/index.ts'

/**
 * Defragments the members of etcd, one after the other, each when all members are healthy. Throws UserError if a host with
 * a member did not answer, or somebody else runs etcd.
 */
export const defrag: Operation = inventory => {
  const { spec, machines, silent } = inventory
  const on = siteOf(inventory, distributionOf(spec))
  const isMember = (host: (typeof spec.hosts)[number]) => memberQuestion(spec, on.distribution, host) !== undefined
  if (spec.etcd.topology === 'external' && !spec.etcd.managed)
    throw new UserError({
      where: `${spec.file} spec.etcd.endpoints`,
      problem: 'Somebody else runs this etcd, and defragments it.',
    })
  const missing = silent.filter(isMember)
  if (missing.length > 0) {
    throw new UserError({
      where: missing.map(({ name }) => name).join(', '),
      problem:
        'etcd is not defragmented while a host with a member does not answer: each member stands still for a while.',
      next: `See which members are healthy: evcctl etcd status ${spec.file}`,
    })
  }
  const members = machines.filter(({ host }) => isMember(host))
  let before: readonly Task[] = []
  for (const { name, host } of members) {
    const access = memberQuestion(spec, on.distribution, host)!
    // The last one is the successor of all others, so leadership moves at most twice.
    const [last] = members.filter(one => one.name !== name).slice(-1)
    const { done } = on.declare(etcdDefragmented, name, { access, successor: last?.name, after: before })
    before = [done]
  }
  return on.builder.build()
}
