import { readFile, writeFile } from 'node:fs/promises'
import { type Document, parseDocument } from 'yaml'

/** Changes a cluster.yaml as somebody with an editor would: what is not changed stays as it is written. */
export async function editClusterFile(file: string, change: (document: Document) => void): Promise<void> {
  const document: Document = parseDocument(await readFile(file, 'utf8'))
  change(document)
  await writeFile(file, document.toString({ lineWidth: 0 }))
}
