import type { Graph, Task, TaskId } from '../../src/index.ts'

/**
 * A graph in a few dozen lines: each task by its kind and name, with what it follows (`←`) and what it watches (`~`). What
 * several hosts have in the same way stands there once, and so does what one host does for several nodes. What follows from
 * the rest is left out: a task follows also what the tasks follow that it follows.
 */
export function pictureOf(graph: Graph, isShown: (task: Task) => boolean = () => true): string {
  const picture = new Picture(graph)
  const same = new Map<string, { readonly hosts: Set<string>; readonly nodes: Set<string> }>()
  for (const task of [...graph.tasks.values()].filter(isShown)) {
    const key = `${task.role}\n${picture.linesOf(task).join('\n')}`
    const { hosts, nodes } = same.get(key) ?? { hosts: new Set(), nodes: new Set() }
    const node = picture.nodeOf(task)
    same.set(key, { hosts: hosts.add(task.host), nodes: node === undefined ? nodes : nodes.add(node) })
  }
  const lines: string[] = []
  let last = ''
  for (const [key, { hosts, nodes }] of same) {
    const [role, first = '', ...rest] = key.split('\n')
    const texts = [nodes.size === 0 ? first : `${first} (${picture.named([...nodes])})`, ...rest]
    const heading = `${role}: ${picture.named([...hosts])}`
    lines.push(...(heading === last ? [] : [heading]), ...texts.map(text => `  ${text}`))
    last = heading
  }
  return `${lines.join('\n')}\n`
}

interface Before {
  readonly task: Task
  readonly isWatched: boolean
}

class Picture {
  readonly #hosts: readonly string[]
  readonly #tasks: readonly Task[]
  readonly #before = new Map<TaskId, readonly Before[]>()
  readonly #ancestors = new Map<TaskId, ReadonlySet<Task>>()

  /** The tasks of a graph come after those that they wait for. */
  constructor({ tasks, edges }: Graph) {
    this.#tasks = [...tasks.values()]
    this.#hosts = [...new Set(this.#tasks.map(({ host }) => host))]
    const edgesTo = Map.groupBy(edges, ({ to }) => to)
    for (const id of tasks.keys()) {
      const before = (edgesTo.get(id) ?? []).map(({ from, watch }) => ({ task: tasks.get(from)!, isWatched: watch }))
      this.#before.set(id, before)
      this.#ancestors.set(id, new Set(before.flatMap(({ task }) => [task, ...this.#ancestors.get(task.id)!])))
    }
  }

  linesOf(task: Task): readonly string[] {
    const { kind, name } = task.resource
    const about = this.#aboutOf(task)
    const before = this.#before.get(task.id)!
    const watched = before.filter(({ isWatched }) => isWatched).map(one => one.task)
    const followed = before.flatMap(one => (one.isWatched || this.#isImplied(one.task, before) ? [] : [one.task]))
    const own = { host: task.host, node: this.nodeOf(task) }
    return [
      `${kind}:${placeOf(about, own) ?? ''}${name.slice(about?.length ?? 0)}`,
      ...(followed.length === 0 ? [] : [`  ← ${this.#namesOf(followed, task, own).join(', ')}`]),
      ...(watched.length === 0 ? [] : [`  ~ ${this.#namesOf(watched, undefined, own).join(', ')}`]),
    ]
  }

  /** The other host that a task is about. */
  nodeOf(task: Task): string | undefined {
    const about = this.#aboutOf(task)
    return about === task.host ? undefined : about
  }

  named(hosts: readonly string[]): string {
    return hosts.length === this.#hosts.length ? 'every host' : hosts.join(', ')
  }

  #isImplied(task: Task, before: readonly Before[]): boolean {
    return before.some(other => this.#ancestors.get(other.task.id)!.has(task))
  }

  /** Tasks by what they are, the hosts that have them before that; `follower`: whole roles that it follows are named as such. */
  #namesOf(tasks: readonly Task[], follower: Task | undefined, own: Own): readonly string[] {
    const labels = tasks.map(task => {
      const { host, role, resource } = task
      if (this.#isWhole(task, follower)) return { host, kind: `all of ${role}`, about: undefined, rest: '' }
      const about = this.#aboutOf(task)
      const rest = resource.name.slice(about?.length ?? 0)
      return { host, kind: `${resource.kind}:`, about, rest }
    })
    const oneAbout = Map.groupBy(labels, ({ host, kind, about, rest }) =>
      JSON.stringify([host, kind, about !== undefined, rest]),
    )
    const texts = [...oneAbout.values()].map(([label, ...more]) => {
      const { host, kind, about, rest } = label!
      const hosts = about === undefined ? [] : [about, ...more.flatMap(one => one.about ?? [])]
      const named = about === host ? '<itself>' : (placeOf(about, own) ?? this.named(hosts))
      return {
        host,
        text: `${kind}${hosts.length > 1 ? `<${this.named(hosts)}>` : about === undefined ? '' : named}${rest}`,
      }
    })
    return [...Map.groupBy(texts, ({ text }) => text)].map(([text, group]) => {
      const hosts = [...new Set(group.map(({ host }) => host))]
      if (hosts.length === 1 && hosts[0] === own.host) return text
      return `${hosts.length === 1 ? (placeOf(hosts[0], own) ?? hosts[0]) : this.named(hosts)} ${text}`
    })
  }

  /** The host that a task is about, by the beginning of its name: its own, or one that another host works for. */
  #aboutOf({ resource: { name } }: Task): string | undefined {
    return this.#hosts.find(host => name === host || name.startsWith(`${host}-`))
  }

  /** Whether the follower follows all tasks of this role on this host, and there are several. */
  #isWhole({ host, role }: Task, follower: Task | undefined): boolean {
    if (follower === undefined || (follower.host === host && follower.role === role)) return false
    const all = this.#tasks.filter(one => one.host === host && one.role === role)
    const followed = this.#ancestors.get(follower.id)!
    return all.length > 1 && all.every(one => followed.has(one))
  }
}

/** The host of a task, and the node that it is about where that is another. */
interface Own {
  readonly host: string
  readonly node: string | undefined
}

function placeOf(host: string | undefined, own: Own): string | undefined {
  if (host === own.host) return '<host>'
  return host !== undefined && host === own.node ? '<node>' : undefined
}
