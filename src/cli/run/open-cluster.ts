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

/** A valid cluster file, and how each of its hosts is reached. */
export interface OpenCluster {
  readonly spec: ClusterSpec
  readonly targets: readonly SshTarget[]
}

/** Reads a cluster file and the SSH secrets it names. Prompts for those that the file leaves to a prompt. Raises UserErrors. */
export async function openCluster(file: string): Promise<OpenCluster> {
  const spec = await loadClusterFile(file)
  return { spec, targets: await sshTargets(spec, secretOptions()) }
}

/** Like openCluster(), and also reads the secrets that the hosts receive. Commands that read the whole host need them. */
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
