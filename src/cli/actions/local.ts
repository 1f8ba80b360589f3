import { existsSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { type ExitCode, exitCodes } from '../../core/index.ts'
import { assertNoClusterFile, clusterFileHosts, writeClusterFile } from '../../local/cluster-file.ts'
import { listLocalHosts, removeLocalHosts } from '../../local/clusters.ts'
import { fileLabel } from '../../local/docker.ts'
import { startLocalHosts } from '../../local/hosts.ts'
import { detectNeeds } from '../../local/needs.ts'
import { parseNodes } from '../../local/nodes.ts'
import { count, createPaint, table, wantsColour } from '../../report/index.ts'
import { printJson, printLine, writeError } from '../terminal/streams.ts'

interface OutputOptions {
  readonly output: 'text' | 'json'
}

export interface LocalUpOptions extends OutputOptions {
  readonly nodes: string
  readonly name: string
  readonly image: 'bookworm' | 'trixie'
  readonly kubernetes?: string | undefined
  readonly mirror?: string | undefined
  readonly checksums?: string | undefined
  readonly force: boolean
}

/** `evcctl local up`: starts container hosts, and writes a cluster file for them into the current folder. */
export async function localUp(options: LocalUpOptions): Promise<ExitCode> {
  const { name, image, mirror, checksums, kubernetes, force } = options
  const hosts = parseNodes(options.nodes)
  const file = `${name}.yaml`
  // Checked now, because the hosts take half a minute to start.
  if (!force) assertNoClusterFile(file)
  const onProgress = (message: string) => writeError(`${message}\n`)
  // The hosts keep running after this command; `local down` removes them. They need the internet, unless there is a mirror.
  const labels = { [fileLabel]: resolve(file) }
  const started = await startLocalHosts({ name, hosts, image, labels, internal: mirror !== undefined, onProgress })
  try {
    const needs = await detectNeeds(started)
    const artifacts =
      mirror === undefined ? {} : { artifacts: { mirror, ...(checksums === undefined ? {} : { checksums }) } }
    const version = kubernetes === undefined ? {} : { kubernetesVersion: kubernetes }
    await writeClusterFile(file, { ...clusterFileHosts(started), needs, ...artifacts, ...version }, { force })
  } catch (error) {
    await removeLocalHosts(name)
    throw error
  }
  const list = started.hosts.map(({ name, address, roles }) => ({ name, address, roles }))
  if (options.output === 'json') printJson({ type: 'local', name, file, hosts: list })
  else {
    printLine(table(list.map(host => [host.name, host.address, host.roles.join(',')])).join('\n'))
    printLine(`Wrote ${file}. Next: evcctl apply ${file}; to remove the hosts: evcctl local down --name ${name}`)
  }
  return exitCodes.ok
}

/** `evcctl local down`: removes the hosts of a local cluster. It is no error if there are none. */
export async function localDown({ name, output }: OutputOptions & { readonly name: string }): Promise<ExitCode> {
  const file = (await listLocalHosts()).find(cluster => cluster.name === name)?.labels[fileLabel]
  const removed = await removeLocalHosts(name)
  if (output === 'json') printJson({ type: 'local', name, removed })
  else if (removed === 0) printLine(`There were no hosts of ${name}.`)
  else {
    const stays = file !== undefined && existsSync(file) ? ` Their cluster file stays: ${shortest(file)}` : ''
    printLine(`Removed ${count(removed, 'host')} of ${name}.${stays}`)
  }
  return exitCodes.ok
}

// The path relative to the current folder, unless the file lies outside it.
function shortest(file: string): string {
  const path = relative(process.cwd(), file)
  return path.startsWith('..') ? file : path
}

/** `evcctl local list`: prints all local hosts. */
export async function localList({ output }: OutputOptions): Promise<ExitCode> {
  const clusters = await listLocalHosts()
  if (output === 'json') {
    for (const { name, hosts } of clusters) printJson({ type: 'local', name, hosts })
    return exitCodes.ok
  }
  if (clusters.length === 0) {
    printLine('There are no local hosts. To start some: evcctl local up')
    return exitCodes.ok
  }
  const paint = createPaint(wantsColour(process.stdout, process.env))
  const rows = clusters.flatMap(cluster =>
    cluster.hosts.map(host => [
      cluster.name,
      host.name,
      host.address,
      host.roles.join(','),
      host.running ? paint.good('running') : paint.bad('stopped'),
    ]),
  )
  printLine(table([['CLUSTER', 'HOST', 'ADDRESS', 'ROLES', 'STATE'], ...rows]).join('\n'))
  return exitCodes.ok
}
