import {
  type ClusterSecrets,
  type ClusterSpec,
  clusterSecrets,
  loadClusterFile,
  type SecretOptions,
  sshTargets,
} from '../../config/index.ts'
import type { SshTarget } from '../../core/index.ts'
import { printable } from '../../report/index.ts'
import { askSecret, canAskSecrets } from '../terminal/ask.ts'
import { writeError } from '../terminal/streams.ts'

/** A cluster file that is right, and how each of its hosts is reached. */
export interface OpenCluster {
  readonly spec: ClusterSpec
  readonly targets: readonly SshTarget[]
}

/** Reads a cluster file and the secrets it names, asking for those that are to be asked for. Raises UserErrors. */
export async function openCluster(file: string): Promise<OpenCluster> {
  const spec = await loadClusterFile(file)
  return { spec, targets: await sshTargets(spec, secretOptions()) }
}

/** The same with the secrets that the hosts are given, for what looks at all that a host has. */
export async function openClusterWithSecrets(
  file: string,
): Promise<OpenCluster & { readonly secrets: ClusterSecrets }> {
  const cluster = await openCluster(file)
  return { ...cluster, secrets: await clusterSecrets(cluster.spec, secretOptions()) }
}

function secretOptions(): SecretOptions {
  const warn = (text: string) => writeError(`${printable(text)}\n`)
  return canAskSecrets() ? { prompt: askSecret, warn } : { warn }
}
