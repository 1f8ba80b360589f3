import type { Batches } from '../core/index.ts'
import { table, wrap } from './layout.ts'
import type { Paint } from './paint.ts'
import { hostNames } from './problems.ts'

/** Consecutive batches that share one line of the plan. */
interface Line {
  readonly first: number
  last: number
  /** The number of hosts in the largest of these batches. */
  readonly size: number
  readonly hosts: string[]
}

/** The order in which running hosts change; no lines if they all change in a single batch. */
export function batchLines(batches: Batches, width: number, paint: Paint): readonly string[] {
  if (batches.length < 2) return []
  const lines: Line[] = []
  for (const [index, batch] of batches.entries()) {
    const line = lines.at(-1)
    if (line === undefined || batch.length > line.size) {
      lines.push({ first: index + 1, last: index + 1, size: batch.length, hosts: [...batch] })
    } else {
      line.last = index + 1
      line.hosts.push(...batch)
    }
  }
  const rows = lines.map(({ first, last, size, hosts }) => {
    const pace = size === 1 ? 'one at a time' : `up to ${size} at a time`
    const number = first === last ? `batch ${first}` : `batches ${first} to ${last}`
    return [`  ${number}`, hostNames(hosts), first === last ? '' : pace]
  })
  const head = `Running hosts change in ${batches.length} batches, each after the hosts of the batch before work with their changes`
  const otherwise =
    'If a host does not, later batches stay as they are, and its local proxy, container runtime, kubelet and ' +
    'static pods get their former files back.'
  return [...wrap(head, width).map(line => paint.strong(line)), ...table(rows), ...wrap(otherwise, width), '']
}
