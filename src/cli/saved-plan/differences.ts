import { type ErrorDetails, ownValue } from '../../core/index.ts'
import type { PlannedField } from '../../report/index.ts'
import type { PlanHeader } from './make.ts'
import type { SavedPlan, SavedTask, Texts } from './saved-plan.ts'

/** What has moved in the cluster file, in the files that it names and in the catalog. Pure. */
export function movedInFiles(planned: PlanHeader, now: PlanHeader): readonly ErrorDetails[] {
  const keys = differing(planned.keys, now.keys).map(key =>
    moved(`${planned.file} ${key}`, planned.keys[key], now.keys[key]),
  )
  const files = differing(planned.files, now.files)
    // Which keys differ says more than that the file does.
    .filter(path => path !== planned.file || keys.length === 0)
    .map(path => moved(path, fileText(planned.files[path]), fileText(now.files[path])))
  const catalog = differing(planned.catalog, now.catalog).map(entry =>
    moved(`catalog: ${entry}`, catalogText(planned.catalog[entry]), catalogText(now.catalog[entry])),
  )
  return [...keys, ...files, ...catalog]
}

/** What has moved on the hosts, task by task. Pure. */
export function movedOnHosts(planned: SavedPlan, now: SavedPlan): readonly ErrorDetails[] {
  const hosts = differing(planned.hosts, now.hosts).map(host =>
    moved(host, hostText(planned.hosts[host]), hostText(now.hosts[host])),
  )
  const left = new Set(differing(planned.hosts, now.hosts))
  const ids = [...new Set([...Object.keys(planned.tasks), ...Object.keys(now.tasks)])]
  const tasks = ids
    // A host that comes or goes brings all its tasks along.
    .filter(id => !left.has(hostOf(id)))
    .flatMap(id => movedTask(id, ownValue(planned.tasks, id), ownValue(now.tasks, id)) ?? [])
  if (hosts.length + tasks.length > 0 || planned.order === now.order) return [...hosts, ...tasks]
  return [moved('the order of the tasks', 'as it was when the plan was made', 'another one')]
}

function movedTask(id: string, planned: SavedTask | undefined, now: SavedTask | undefined): ErrorDetails | undefined {
  const where = `${hostOf(id)} ${(planned ?? now)!.title}`
  const before = planned === undefined ? 'no such task' : taskText(planned)
  const after = now === undefined ? 'no such task' : taskText(now)
  if (before !== after) return moved(where, before, after)
  if (planned === undefined || now === undefined) return undefined
  const state = differing(planned.state, now.state)
  if (state.length > 0) return moved(where, `the host as it was read: ${state.join(', ')}`, 'something else there')
  const wanted = differing(planned.wanted, now.wanted)
  if (wanted.length > 0) return moved(where, `what the plan wanted of it: ${wanted.join(', ')}`, 'something else')
  return undefined
}

function taskText({ is, change }: SavedTask): string {
  if (change === undefined) return is
  const { action, fields, note, because, waitingOn } = change
  return [
    `${is === 'change' ? action : `${is}: ${action}`}${note === undefined ? '' : ` (${note})`}`,
    ...fields.map(fieldText),
    ...(because.length === 0 ? [] : [`because of ${because.join(', ')}`]),
    ...(waitingOn.length === 0 ? [] : [`waits for ${waitingOn.join(', ')}`]),
  ].join('\n')
}

function fieldText({ field, before, after, knownAfter }: PlannedField): string {
  const to = knownAfter === undefined ? (after ?? '(none)') : `known after apply (${knownAfter})`
  return `${field}: ${before === undefined ? to : `${before} → ${to}`}`.replace(/^: /, '')
}

function moved(where: string, planned: string | undefined, now: string | undefined): ErrorDetails {
  return {
    where,
    problem: 'This is not as it was when the plan was made.',
    expected: planned ?? 'nothing',
    actual: now ?? 'nothing',
  }
}

function fileText(sha256: string | undefined): string {
  return sha256 === undefined ? 'not read' : `sha256 ${sha256}`
}

function catalogText(digest: string | undefined): string {
  return digest === undefined ? 'not in the catalog' : `downloads with the digest ${digest}`
}

function hostText(is: string | undefined): string {
  if (is === undefined) return 'not in the cluster file'
  return is === 'read' ? 'it answers' : `left out (${is})`
}

function hostOf(id: string): string {
  return id.slice(0, id.indexOf('/'))
}

function differing(one: Texts, other: Texts): readonly string[] {
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...names].filter(name => ownValue(one, name) !== ownValue(other, name))
}
