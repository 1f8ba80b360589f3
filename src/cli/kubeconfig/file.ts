import { isDeepStrictEqual } from 'node:util'
import { type Document, isAlias, isMap, isScalar, isSeq, YAMLSeq } from 'yaml'
import { UserError } from '../../core/index.ts'
import { type ClusterAccess, userEntry } from './admin-conf.ts'
import { refuseOthers } from './owner.ts'
import { parseKubeconfig, valuesOf } from './yaml.ts'

/** A kubeconfig with this cluster only. */
export function kubeconfigText(access: ClusterAccess): string {
  return mergeKubeconfig('', access, '')
}

/**
 * Adds or replaces this cluster's entries in an existing kubeconfig and makes its context the current one. Everything
 * else stays, comments included. `path` is for messages. Raises UserError when the text is no kubeconfig, when the merge
 * would change another entry, and, without `force`, when another cluster has entries of these names.
 */
export function mergeKubeconfig(existing: string, access: ClusterAccess, path: string, force = false): string {
  const { name, server, certificateAuthorityData, user } = access
  const userName = userEntry(access)
  const entries = {
    clusters: { name, cluster: { 'certificate-authority-data': certificateAuthorityData, server } },
    users: { name: userName, user },
    contexts: { name, context: { cluster: name, user: userName } },
  }
  if (!force) refuseOthers(existing, access, path)
  const text = existing.trim() === '' ? 'apiVersion: v1\nkind: Config\n' : existing
  try {
    const document = parseKubeconfig(text)
    if (!isMap(document.contents)) throw new Error('it is no mapping')
    const before = othersOf(text, entries)
    const plain = valuesOf(document) as Plain
    for (const [key, entry] of Object.entries(entries)) put(document, key, entry, plain)
    document.set('current-context', name)
    // A line width of 0 means no limit. With a limit the certificates would be broken into lines.
    const merged = document.toString({ lineWidth: 0 })
    // With aliases and merge keys, one entry of the file can be a part of another one.
    if (!isDeepStrictEqual(othersOf(merged, entries), before))
      throw new Error('other entries depend on those of this cluster')
    return merged
  } catch (cause) {
    throw new UserError(
      {
        where: path,
        problem: 'Nothing can be added to this file; it was not touched.',
        expected: 'a kubeconfig of which everything else stays as it is',
        actual: cause instanceof Error ? cause.message.split('\n')[0]! : String(cause),
        next: 'Write to a file of its own instead: evcctl kubeconfig --file cluster.kubeconfig',
      },
      { cause },
    )
  }
}

type Plain = Readonly<Record<string, unknown>>

type Entries = Readonly<Record<string, { readonly name: string }>>

/** The content of the text without these entries. */
function othersOf(text: string, entries: Entries): unknown {
  const whole = valuesOf(parseKubeconfig(text)) as Plain
  const lists = Object.entries(entries).map(([key, { name }]) => {
    const list = whole[key] ?? []
    return [key, Array.isArray(list) ? list.filter(entry => entry?.name !== name) : list] as const
  })
  return { ...whole, ...Object.fromEntries(lists), 'current-context': undefined }
}

function put(document: Document, key: string, entry: Entries[string], plain: Plain): void {
  const list = listAt(document, key)
  const { [key]: before } = plain
  const index = Array.isArray(before) ? before.findIndex(one => one?.name === entry.name) : -1
  const node = document.createNode(entry)
  if (index < 0) list.items.push(node)
  else list.items[index] = node
  if (list.flow === true) list.flow = false
}

function listAt(document: Document, key: string): YAMLSeq {
  const found = document.get(key, true)
  // An alias may share its list with other parts of the file, so the list is copied before it is changed.
  const list = isAlias(found) ? document.createNode(found.toJS(document)) : found
  if (isSeq(list)) {
    if (list !== found) document.set(key, list)
    return list
  }
  if (list !== undefined && !(isScalar(list) && list.value === null)) throw new Error(`${key} is no list`)
  const made = new YAMLSeq()
  document.set(key, made)
  return made
}
