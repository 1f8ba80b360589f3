import { Document, isMap, isSeq, parse, parseDocument, YAMLSeq } from 'yaml'
import { UserError } from '../core/index.ts'

/** The parts of an administrator kubeconfig that one cluster needs, under names of its own. */
export interface ClusterAccess {
  /** Name of the cluster, and of its context. */
  readonly name: string
  readonly server: string
  readonly certificateAuthorityData: string
  /** The user entry as kubeadm wrote it: client certificate and key. */
  readonly user: Readonly<Record<string, unknown>>
}

/** Takes the access out of kubeadm's admin.conf and gives it the cluster's name and a server that is reached from here. */
export function accessFrom(adminConf: string, name: string, server: string): ClusterAccess {
  const config = parse(adminConf) as {
    clusters?: { cluster?: Record<string, unknown> }[]
    users?: { user?: Record<string, unknown> }[]
  } | null
  const authority = config?.clusters?.[0]?.cluster?.['certificate-authority-data']
  const user = config?.users?.[0]?.user
  if (typeof authority !== 'string' || user === undefined) {
    throw new UserError({
      where: '/etc/kubernetes/admin.conf',
      problem: 'This is not a kubeconfig as kubeadm writes it.',
      expected: 'one cluster with certificate-authority-data, and one user',
    })
  }
  return { name, server, certificateAuthorityData: authority, user }
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
