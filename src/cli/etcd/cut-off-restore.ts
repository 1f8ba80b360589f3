import { HostError } from '../../core/index.ts'
import { isUnfinished, type RestoreState } from '../../resources/etcd/index.ts'

/**
 * The restore of this archive that was cut off, by the records of the hosts that take part. Once a restore has done more than
 * to begin, all of them have its record. So where one has that of another restore or does not answer, a later restore may have
 * changed the data since: then it is undefined, and all is done again. What is there is then set aside and not deleted. Pure.
 */
export function cutOffRestore(answers: Iterable<RestoreState | HostError>, archive: string): RestoreState | undefined {
  const states: RestoreState[] = []
  for (const answer of answers) {
    if (answer instanceof HostError) return undefined
    if (answer.attempt !== undefined) states.push(answer)
  }
  const [first, ...others] = states
  if (first?.archive !== archive) return undefined
  const isOne = others.every(
    one => one.attempt === first.attempt && one.archive === archive && one.members === first.members,
  )
  return isOne ? states.find(isUnfinished) : undefined
}
