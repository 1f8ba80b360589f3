import { Document, isMap, isSeq, parseDocument, YAMLSeq } from 'yaml'
import { UserError } from '../core/index.ts'
import type { AdminAccess } from './admin-conf.ts'

/** The parts of an administrator kubeconfig that one cluster needs, under names of its own. */
export interface ClusterAccess extends AdminAccess {
  /** Name of the cluster, and of its context. */
  readonly name: string
  /** URL of the API servers that is reached from here; never the one that a host names. */
  readonly server: string
}

/** A kubeconfig of its own. */
export function kubeconfigText(access: ClusterAccess): string {
  return mergeKubeconfig('', access, '')
}

/**
 * An existing kubeconfig with this cluster's entries added or replaced and its context made current. Everything else,
 * comments included, stays. `path` is for messages. Raises UserError when the text is no kubeconfig.
 */
export function mergeKubeconfig(existing: string, access: ClusterAccess, path: string): string {
  const empty = existing.trim() === ''
  const document = empty ? new Document({ apiVersion: 'v1', kind: 'Config' }) : parseDocument(existing)
  if (document.errors.length > 0 || !isMap(document.contents)) {
    const came = document.errors[0]?.message.split('\n')[0]
    throw new UserError({
      where: path,
      problem: 'This is not a kubeconfig; it was not touched.',
      ...(came === undefined ? {} : { came }),
      next: 'Write to a file of its own instead: evcctl kubeconfig --file cluster.kubeconfig',
    })
  }
  const { name, server, certificateAuthorityData, user } = access
  const userName = `${name}-admin`
  put(document, 'clusters', { name, cluster: { 'certificate-authority-data': certificateAuthorityData, server } })
  put(document, 'users', { name: userName, user })
  put(document, 'contexts', { name, context: { cluster: name, user: userName } })
  document.set('current-context', name)
  // Without a limit of the width, or the certificates would be broken into lines.
  return document.toString({ lineWidth: 0 })
}

function put(
  document: Document,
  key: string,
  entry: { readonly name: string; readonly [part: string]: unknown },
): void {
  let list = document.get(key)
  if (!isSeq(list)) {
    list = new YAMLSeq()
    document.set(key, list)
  }
  const { items } = list as YAMLSeq
  const node = document.createNode(entry)
  const index = items.findIndex(item => isMap(item) && item.get('name') === entry.name)
  if (index < 0) items.push(node)
  else items[index] = node
  if (items.length > 0 && (list as YAMLSeq).flow === true) (list as YAMLSeq).flow = false
}
