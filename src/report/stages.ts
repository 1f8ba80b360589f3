import type { RunView } from './summary.ts'

/** The progress of one role. */
export interface Stage {
  readonly role: string
  readonly state: 'waiting' | 'running' | 'done' | 'failed'
  readonly hostsDone: number
  readonly hosts: number
}

/** The progress of each role by host, with roles in planned order. */
export function stagesOf(view: RunView): Stage[] {
  const ended = new Map<string, number>()
  const failed = new Set<string>()
  const begun = new Set<string>()
  for (const task of view.tasks.values()) {
    if (task.state === 'queued' || !view.plannedTasks.has(task.id)) continue
    begun.add(task.role)
    if (task.state === 'running') continue
    if (task.state === 'failed') failed.add(task.role)
    const key = `${task.role}\0${task.host}`
    if (task.state === 'changed' || task.state === 'in desired state') ended.set(key, (ended.get(key) ?? 0) + 1)
  }
  return view.planned.map(({ role, hosts }) => {
    const names = Object.keys(hosts)
    const done = names.filter(host => (ended.get(`${role}\0${host}`) ?? 0) >= hosts[host]!).length
    const state = done === names.length ? 'done' : failed.has(role) ? 'failed' : begun.has(role) ? 'running' : 'waiting'
    return { role, state, hostsDone: done, hosts: names.length }
  })
}
