import { readFile, writeFile } from 'node:fs/promises'
import { type Document, parseDocument, type YAMLMap, type YAMLSeq } from 'yaml'

/** Changes a cluster.yaml as somebody with an editor would: what is not changed stays as it is written. */
export async function editClusterFile(file: string, change: (document: Document) => void): Promise<void> {
  const document: Document = parseDocument(await readFile(file, 'utf8'))
  change(document)
  await writeFile(file, document.toString({ lineWidth: 0 }))
}

/** Takes hosts out of a cluster.yaml and returns their entries, for addHosts(). */
export async function takeHostsOut(file: string, names: readonly string[]): Promise<readonly YAMLMap[]> {
  let taken: readonly YAMLMap[] = []
  await editClusterFile(file, document => {
    const hosts = document.getIn(['spec', 'hosts']) as YAMLSeq<YAMLMap>
    const isTaken = (item: YAMLMap): boolean => names.includes(String(item.get('name')))
    taken = hosts.items.filter(isTaken)
    hosts.items = hosts.items.filter(item => !isTaken(item))
  })
  return taken
}

/** Adds entries of hosts that takeHostsOut() returned. */
export async function addHosts(file: string, entries: readonly YAMLMap[]): Promise<void> {
  await editClusterFile(file, document => {
    for (const entry of entries) document.addIn(['spec', 'hosts'], entry)
  })
}

/** Gives a host `state: absent`, or takes that from it. */
export async function setAbsent(file: string, name: string, isAbsent = true): Promise<void> {
  await editClusterFile(file, document => {
    const hosts = document.getIn(['spec', 'hosts']) as YAMLSeq<YAMLMap>
    const host = hosts.items.find(item => item.get('name') === name)
    if (host === undefined) throw new Error(`${name} is not in ${file}`)
    if (isAbsent) host.set('state', 'absent')
    else host.delete('state')
  })
}
