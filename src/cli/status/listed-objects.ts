import { z } from 'zod'
import { isObjectName } from '../../resources/support/index.ts'

/** A node, as far as status tells of it. */
export interface ListedNode {
  readonly name: string
  readonly roles: readonly string[]
  readonly cordoned: boolean
  readonly ready: boolean
  /** Why it is not ready, where that was said. */
  readonly notReady?: string
  /** Conditions that should not be, and why. */
  readonly pressed: readonly { readonly type: string; readonly said: string }[]
  /** The following are empty where nothing is known. */
  readonly address: string
  readonly kubelet: string
  readonly runtime: string
  readonly os: string
  readonly architecture: string
}

/** A pod that is not as it should be, or one with an address of its own. */
export interface ListedPod {
  readonly name: string
  /** Empty as long as it is not scheduled. */
  readonly node: string
  readonly phase: string
  /** What Kubernetes says of it; empty where it says nothing. */
  readonly said: string
  /** Why its first container that waits does so; empty where none does. */
  readonly waiting: string
  /** Of the container that was started most often. */
  readonly restarts: number
  /** Of a pod that runs and is ready, in the network of pods; empty of any other. */
  readonly address: string
}

/** Reads what nodesTemplate printed; undefined for what is no such list: it comes from a host. */
export function nodesIn(text: string): readonly ListedNode[] | undefined {
  return itemsIn(text, item => {
    const [notReady] = item.get('notReady') ?? []
    return {
      name: first(item, 'name'),
      roles: (item.get('role') ?? []).map(([role = '']) => role),
      cordoned: item.has('cordoned'),
      ready: item.has('ready'),
      ...(notReady?.[0] === undefined || notReady[0] === '' ? {} : { notReady: notReady[0] }),
      pressed: (item.get('pressed') ?? []).map(([type = '', said = '']) => ({ type, said })),
      address: first(item, 'address'),
      kubelet: first(item, 'kubelet'),
      runtime: first(item, 'runtime'),
      os: first(item, 'os'),
      architecture: first(item, 'architecture'),
    }
  })
}

/** Reads what podsTemplate printed, likewise. */
export function podsIn(text: string): readonly ListedPod[] | undefined {
  const pods = itemsIn(text, item => {
    const containers = item.get('container') ?? []
    return {
      name: first(item, 'name'),
      node: first(item, 'node'),
      phase: first(item, 'phase'),
      said: first(item, 'said'),
      waiting: containers.map(([, reason = '']) => reason).find(reason => reason !== '') ?? '',
      restarts: containers.reduce((most, [count]) => Math.max(most, Number(count) || 0), 0),
      address: first(item, 'address'),
    }
  })
  return pods?.every(({ node }) => node === '' || isObjectName(node)) === true ? pods : undefined
}

/** The version of an API server without `v`; empty for what is no answer to /version. */
export function versionIn(text: string): string {
  const { data } = z.object({ gitVersion: z.string() }).safeParse(jsonIn(text))
  return (data?.gitVersion ?? '').replace(/^v/, '')
}

/** The fields of an object, each as often as it was printed. */
type Item = ReadonlyMap<string, readonly (readonly string[])[]>

function itemsIn<T>(text: string, read: (item: Item) => T): readonly T[] | undefined {
  const [kind, ...lines] = text.split('\n')
  if (!/^kind=\w*List$/.test(kind ?? '')) return undefined
  const items: Map<string, (readonly string[])[]>[] = []
  for (const line of lines) {
    if (line === '') continue
    const at = line.indexOf('=')
    const [key, words] = [line.slice(0, at), wordsIn(line.slice(at + 1))]
    if (at < 1 || words === undefined) return undefined
    if (key === 'name') items.push(new Map())
    const item = items.at(-1)
    if (item === undefined) return undefined
    const before = item.get(key)
    if (before === undefined) item.set(key, [words])
    else before.push(words)
  }
  // People are told to copy names into commands.
  return items.every(item => isObjectName(first(item, 'name'))) ? items.map(read) : undefined
}

function first(item: Item, key: string): string {
  return item.get(key)?.[0]?.[0] ?? ''
}

// Words as in the query of a URL, where a blank is a plus.
function wordsIn(text: string): readonly string[] | undefined {
  try {
    return text.split(' ').map(word => decodeURIComponent(word.replaceAll('+', ' ')))
  } catch {
    return undefined
  }
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
