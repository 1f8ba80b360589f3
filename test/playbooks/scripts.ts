import { dirname } from 'node:path'
import { type AnyResource, Output, Secret, type Task } from '../../src/core/index.ts'
import { checkPodsGiven } from '../resources/network-check-given.ts'
import { withoutFunctions } from '../resources/shared-functions.ts'
import { bareState } from '../roles/bare-host.ts'

/** One text that a task sends to its host. */
export interface Sent {
  readonly task: Task
  /** `probe`, the number of a step, or `file`. */
  readonly what: string
  /** Of a file, whose text begins with a line for its mode and owner; undefined: it is a script. */
  readonly path?: string
  readonly text: string
}

// What tasks give to others, by the name that it has there.
const handedOver: Readonly<Record<string, unknown>> = {
  token: { id: 'abcdef', token: new Secret('abcdef.0123456789abcdef', 'bootstrap token') },
  certificateKey: new Secret('0123', 'certificate key'),
  caHashes: ['sha256:abc'],
  pods: checkPodsGiven,
  request: 'REQUEST',
  content: 'CERTIFICATE',
}

/** The scripts of a task, and the files that it writes, on a host that has nothing yet. */
export function sentBy(task: Task): readonly Sent[] {
  const resource: AnyResource = task.resource
  const desired = Object.fromEntries(
    Object.entries(resource.desired).map(([key, value]) => [key, value instanceof Output ? handedOver[key] : value]),
  )
  const steps = resource.converge(bareState(resource), desired).flatMap((step, index): Omit<Sent, 'task'>[] => {
    if ('run' in step) return [{ what: `step ${index + 1}`, text: step.run }]
    if ('until' in step) return [{ what: `step ${index + 1}, until it succeeds`, text: step.until.script }]
    if ('push' in step) return []
    const text = `mode ${step.mode.toString(8)}${step.owner === undefined ? '' : `, owner ${step.owner}`}\n${step.content}`
    return [{ what: 'file', path: step.write, text }]
  })
  return [{ what: 'probe', text: resource.probe.script }, ...steps].map(sent => ({ task, ...sent }))
}

/**
 * Texts of one kind as a golden: the first in full, and of the others the lines that are not there yet, but for names,
 * numbers and hashes. `elsewhere`: lines of other goldens; what is mostly made of them is not shown in full either.
 */
export function goldenOf(all: readonly Sent[], elsewhere: ReadonlySet<string>): string {
  const known = new Map<string, ReadonlySet<string>>()
  const blocks = all.flatMap(({ task, what, text }) => {
    const lines = withoutFunctions(text).trimEnd().split('\n')
    const general = lines.map(line => generalOf(line, task))
    const before = known.get(what) ?? elsewhere
    known.set(what, new Set([...before, ...general]))
    const isNew = general.map(line => !before.has(line))
    const count = isNew.filter(Boolean).length
    if (count === 0) return []
    const isWhole = before === elsewhere && 2 * count > lines.length
    const shown = lines.flatMap((line, at) => {
      if (isWhole || isNew[at]) return [line]
      return at === 0 || isNew[at - 1] ? ['…'] : []
    })
    // The count shows a line that is missing where not all are shown.
    const title = `### ${task.resource.kind}:${task.resource.name} on ${task.host}: ${what}`
    return [`${title}${isWhole ? '' : `, of ${lines.length} lines`}\n${shown.join('\n')}\n`]
  })
  return blocks.join('\n')
}

/** A line without what differs from task to task. */
export function generalOf(line: string, task?: Task): string {
  const named = task === undefined ? line : withoutNames(line, task)
  return named.replaceAll(/\b[0-9a-f]{32,64}\b/g, 'HASH').replaceAll(/\d+/g, 'NUMBER')
}

function withoutNames(line: string, { host, resource: { name } }: Task): string {
  const unnamed = line.replaceAll(name, 'NAME')
  const folder = name.startsWith('/') ? unnamed.replaceAll(`'${dirname(name)}'`, 'FOLDER') : unnamed
  return folder.replaceAll(new RegExp(`\\b${host}\\b`, 'g'), 'HOST')
}
