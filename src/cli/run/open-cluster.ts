import { resolve } from 'node:path'
import {
  type ClusterSecrets,
  type ClusterSpec,
  clusterSecrets,
  type LoadedCluster,
  loadClusterFile,
  loadClusterFiles,
  type SecretOptions,
  sshTargets,
} from '../../config/index.ts'
import type { SshTarget } from '../../core/index.ts'
import { printable } from '../../report/index.ts'
import { askSecret, canAskSecrets } from '../terminal/ask.ts'
import { writeError } from '../terminal/streams.ts'
import { type LookedUp, lookUpVersions } from './look-up-versions.ts'

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

/** A cluster that can be planned: with the secrets that its hosts receive, and all that its versions need. */
export interface PlannableCluster extends OpenCluster, LookedUp {
  readonly secrets: ClusterSecrets
  readonly files: LoadedCluster['files']
}

/**
 * Like openCluster(), and also reads the secrets that the hosts receive, and looks up versions that nothing here knows.
 * Commands that compare whole hosts need both.
 */
export async function openClusterWithSecrets(file: string): Promise<PlannableCluster> {
  const { spec, files } = await loadClusterFiles(file)
  const targets = await sshTargets(spec, secretOptions())
  const secrets = await clusterSecrets(spec, secretOptions())
  const text = files.get(resolve(file)) ?? ''
  return { targets, secrets, files, ...(await lookUpVersions(spec, text, secrets, { announce })) }
}

// As all progress of a plan: for people, and not into a file.
function announce(text: string): void {
  if (process.stderr.isTTY) writeError(`${printable(text)}\n`)
}

function secretOptions(): SecretOptions {
  const warn = (text: string) => writeError(`${printable(text)}\n`)
  return canAskSecrets() ? { prompt: askSecret, warn } : { warn }
}
