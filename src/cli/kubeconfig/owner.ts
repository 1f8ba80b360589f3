import { UserError } from '../../core/index.ts'
import { caHashesOf } from '../../resources/pki/index.ts'
import { quote } from '../../shell/quote.ts'
import { type ClusterAccess, userEntry } from './admin-conf.ts'
import { parseKubeconfig, valuesOf } from './yaml.ts'

type Entry = Readonly<Record<string, unknown>>

/**
 * Raises UserError if a kubeconfig has an entry of the same name that belongs to another cluster. The CA tells clusters
 * apart, because a server may move; one of them in common is enough, since a cluster has two while one replaces the other. An
 * entry without a CA is compared by its server.
 */
export function refuseOthers(text: string, access: ClusterAccess, path: string): void {
  const whole = readEntries(text)
  if (whole === undefined) return
  const { name, server, certificateAuthorityData } = access
  const cluster = inner(whole, 'clusters', name, 'cluster')
  const context = inner(whole, 'contexts', name, 'context')
  const ca = cluster?.['certificate-authority-data']
  const [actual, expected] =
    typeof ca === 'string' ? [ca.replaceAll(/\s/g, ''), certificateAuthorityData] : [cluster?.server, server]
  const itsOwn =
    actual === undefined || actual === expected || (typeof ca === 'string' && shareCa(ca, certificateAuthorityData))
  if (itsOwn && (context?.cluster === undefined || context.cluster === name)) return
  throw new UserError({
    where: path,
    problem: `There is another cluster with the name ${name} in this file; it was not touched.`,
    expected: `an entry with the server ${server} and the CA of the cluster, or none`,
    actual: itsOwn
      ? `the context ${name} of the cluster ${String(context?.cluster)}`
      : `server ${String(cluster?.server)}${typeof ca === 'string' ? ', another CA' : ''}`,
    next: [
      'A file of its own: evcctl kubeconfig --file cluster.kubeconfig',
      'If the cluster was made again, or the other one is gone: evcctl kubeconfig --merge --force',
    ].join('\n'),
  })
}

/** Whether two values of certificate-authority-data have a CA in common. */
function shareCa(one: string, other: string): boolean {
  const [ofOne, ofOther] = [one, other].map(data => caHashesOf(Buffer.from(data, 'base64').toString()))
  return ofOne!.some(hash => ofOther!.includes(hash))
}

/** Raises UserError if replacing `text` with the cluster's kubeconfig would lose entries of other clusters. */
export function refuseToLose(text: string, access: ClusterAccess, path: string): void {
  if (text.trim() === '') return
  const whole = readEntries(text)
  const names = ['clusters', 'contexts', 'users'].flatMap(key => entriesOf(whole, key).map(({ name }) => String(name)))
  const others = [...new Set(names)].filter(name => name !== access.name && name !== userEntry(access))
  if (names.length > 0 && others.length === 0) {
    refuseOthers(text, access, path)
    return
  }
  throw new UserError({
    where: path,
    problem: 'This file has more than this cluster; it was not touched.',
    expected: `no file, or a kubeconfig with nothing but ${access.name}`,
    actual: names.length === 0 ? 'a file that is no kubeconfig' : `entries of ${others.slice(0, 5).join(', ')}`,
    next: [
      `To add the cluster to a kubeconfig: KUBECONFIG=${quote(path)} evcctl kubeconfig --merge`,
      'To lose what is in the file: evcctl kubeconfig --force --file PATH',
    ].join('\n'),
  })
}

function readEntries(text: string): Entry | undefined {
  try {
    const whole = valuesOf(parseKubeconfig(text))
    return typeof whole === 'object' && whole !== null ? (whole as Entry) : undefined
  } catch {
    return undefined
  }
}

function entriesOf(whole: Entry | undefined, key: string): readonly Entry[] {
  const list = whole?.[key]
  return Array.isArray(list) ? list.filter(entry => typeof entry === 'object' && entry !== null) : []
}

function inner(whole: Entry, key: string, name: string, part: string): Entry | undefined {
  const found = entriesOf(whole, key).find(entry => entry.name === name)?.[part]
  return typeof found === 'object' && found !== null ? (found as Entry) : undefined
}
