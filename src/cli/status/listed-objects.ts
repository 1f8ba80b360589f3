import { z } from 'zod'
import { isObjectName } from '../../resources/support/index.ts'

/** A node, with the fields that status uses. */
export interface ListedNode {
  readonly name: string
  readonly roles: readonly string[]
  readonly cordoned: boolean
  readonly ready: boolean
  /** Why the node is not ready, if the kubelet or Kubernetes gave a reason. */
  readonly notReady?: string
  /** Conditions such as DiskPressure that are True but should not be, each with the reason. */
  readonly pressed: readonly { readonly type: string; readonly said: string }[]
  /** This field and those below are empty if they are not known. */
  readonly address: string
  readonly kubelet: string
  readonly runtime: string
  readonly os: string
  readonly architecture: string
}

/** A pod that has a problem, or one that has its own address. */
export interface ListedPod {
  readonly name: string
  /** Empty until the pod is scheduled. */
  readonly node: string
  readonly phase: string
  /** The message of Kubernetes about the pod; empty if there is none. */
  readonly said: string
  /** Why the first waiting container waits; empty if none waits. */
  readonly waiting: string
  /** The restarts of the container that restarted most often. */
  readonly restarts: number
  /** The address of a pod that is ready and not in the host network; empty for any other pod. */
  readonly address: string
}

/** Parses the output of nodesTemplate. It comes from a host, so it may be anything: undefined if it is no such list. */
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

/** Parses the output of podsTemplate; undefined if it is no such list. */
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

/** The version of an API server without `v`; empty if the text is no answer to /version. */
export function versionIn(text: string): string {
  const { data } = z.object({ gitVersion: z.string() }).safeParse(jsonIn(text))
  return (data?.gitVersion ?? '').replace(/^v/, '')
}

/** The fields of an object by key. A field that was printed several times has several values. */
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
  // Messages tell people to copy these names into commands, so every name must be a valid object name.
  return items.every(item => isObjectName(first(item, 'name'))) ? items.map(read) : undefined
}

function first(item: Item, key: string): string {
  return item.get(key)?.[0]?.[0] ?? ''
}

// Decodes words that are encoded as in the query of a URL, where a space is a plus sign.
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
