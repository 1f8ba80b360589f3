import type { Batches } from '../core/index.ts'
import { table, wrap } from './layout.ts'
import type { Paint } from './paint.ts'
import { hostNames } from './problems.ts'

/** Consecutive batches that read as one line. */
interface Line {
  readonly first: number
  last: number
  /** The most hosts of one of them. */
  readonly size: number
  readonly hosts: string[]
}

/** In which order running hosts change; nothing where that is a single batch. */
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
  const head = `Running hosts change in ${batches.length} batches, each when the one before is well with what it got`
  const otherwise =
    'Where a host is not, the batches after it stay as they are, and its local proxy, container runtime, kubelet and ' +
    'static pods get their former files back.'
  return [...wrap(head, width).map(line => paint.strong(line)), ...table(rows), ...wrap(otherwise, width), '']
}
