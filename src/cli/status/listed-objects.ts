import { z } from 'zod'
import { mostListed, parsedLength } from '../../core/limits.ts'
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

/** The objects of a list, or what is wrong with it, in words for people. */
export type Listed<T> = { readonly items: readonly T[] } | { readonly damage: string }

/** Parses the output of nodesTemplate. It comes from a host, so it may be anything. */
export function nodesIn(text: string): Listed<ListedNode> {
  return itemsIn(text, 'nodes', item => {
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

/** Parses the output of podsTemplate. */
export function podsIn(text: string): Listed<ListedPod> {
  return itemsIn(text, 'pods', item => {
    const containers = item.get('container') ?? []
    const node = first(item, 'node')
    if (node !== '' && !isObjectName(node)) return undefined
    return {
      name: first(item, 'name'),
      node,
      phase: first(item, 'phase'),
      said: first(item, 'said'),
      waiting: containers.map(([, reason = '']) => reason).find(reason => reason !== '') ?? '',
      restarts: containers.reduce((most, [count]) => Math.max(most, Number(count) || 0), 0),
      address: first(item, 'address'),
    }
  })
}

/** The version of an API server without `v`; empty if the text is no answer to /version. */
export function versionIn(text: string): string {
  if (text.length > parsedLength.document) return ''
  const { data } = z.object({ gitVersion: z.string() }).safeParse(jsonIn(text))
  return (data?.gitVersion ?? '').replace(/^v/, '')
}

/** The fields of an object by key. A field that was printed several times has several values. */
type Item = ReadonlyMap<string, readonly (readonly string[])[]>

// `read` returns undefined for an item that no object can be.
function itemsIn<T>(text: string, what: 'nodes' | 'pods', read: (item: Item) => T | undefined): Listed<T> {
  const none = { damage: `what it gave is no list of ${what}` }
  const tooMuch = (bound: string) => ({ damage: `what it gave is no list of ${what}: it has more than ${bound}` })
  const items: T[] = []
  let item: Map<string, (readonly string[])[]> | undefined
  const end = (): boolean => {
    if (item === undefined) return true
    // Messages tell people to copy these names into commands, so every name must be a valid object name.
    const ended = isObjectName(first(item, 'name')) ? read(item) : undefined
    if (ended !== undefined) items.push(ended)
    return ended !== undefined
  }
  let [lines, own] = [0, 0]
  for (const line of linesIn(text)) {
    if (lines++ === 0) {
      if (!/^kind=\w*List$/.test(line)) return none
      continue
    }
    if (lines > mostListed.lines) return tooMuch(`${mostListed.lines} lines`)
    if (line === '') continue
    if (line.length > mostListed.lineLength) return tooMuch(`${mostListed.lineLength} characters in a line`)
    const at = line.indexOf('=')
    const [key, words] = [line.slice(0, at), wordsIn(line.slice(at + 1))]
    if (at < 1 || words === undefined) return none
    if (key === 'name') {
      if (!end()) return none
      if (items.length === mostListed[what]) return tooMuch(`${mostListed[what]} ${what}`)
      item = new Map()
      own = 0
    }
    if (item === undefined) return none
    if (++own > mostListed.linesEach) return tooMuch(`${mostListed.linesEach} lines for one of them`)
    const before = item.get(key)
    if (before === undefined) item.set(key, [words])
    else before.push(words)
  }
  return end() ? { items } : none
}

// One at a time: an array of millions of them would take many times the length of the text.
function* linesIn(text: string): Generator<string> {
  for (let from = 0; from <= text.length; ) {
    const at = text.indexOf('\n', from)
    const to = at < 0 ? text.length : at
    yield text.slice(from, to)
    from = to + 1
  }
}

function first(item: Item, key: string): string {
  return item.get(key)?.[0]?.[0] ?? ''
}

// Decodes words that are encoded as in the query of a URL, where a space is a plus sign. No line has more than two.
function wordsIn(text: string): readonly string[] | undefined {
  try {
    return text.split(' ', 2).map(word => decodeURIComponent(word.replaceAll('+', ' ')))
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
