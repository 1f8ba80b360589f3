import { type ClusterSpec, loadClusterFile, sshTargets } from '../config/index.ts'
import type { SshTarget } from '../core/index.ts'
import { printable } from '../report/index.ts'
import { askSecret, canAskSecrets } from './ask.ts'
import { writeError } from './streams.ts'

/** A cluster file that is right, and how each of its hosts is reached. */
export interface OpenCluster {
  readonly spec: ClusterSpec
  readonly targets: readonly SshTarget[]
}

/** Reads a cluster file and the secrets it names, asking for those that are to be asked for. Raises UserErrors. */
export async function openCluster(file: string): Promise<OpenCluster> {
  const spec = await loadClusterFile(file)
  const warn = (text: string) => writeError(`${printable(text)}\n`)
  const targets = await sshTargets(spec, canAskSecrets() ? { prompt: askSecret, warn } : { warn })
  return { spec, targets }
}
