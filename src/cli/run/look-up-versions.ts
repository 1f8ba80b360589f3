import { statSync } from 'node:fs'
import { artifact, knownSha256 } from '../../catalog/index.ts'
import { proxyOf } from '../../cluster/index.ts'
import {
  type ClusterLock,
  type ClusterSecrets,
  type ClusterSpec,
  emptyLock,
  type MissingVersions,
  missingVersions,
  parseClusterFile,
  readLock,
  withLocked,
} from '../../config/index.ts'
import { type Architecture, exitCodes, UserError, UserErrors } from '../../core/index.ts'
import { askKubeadm, environmentProxy, lookUpArtifact, type Reach, reachThrough } from '../../releases/index.ts'
import { proxyFor } from '../../resources/support/index.ts'
import { PendingLock } from './pending-lock.ts'

/** Gives the site that is asked, and what for, before it takes time. */
export type Announce = (text: string) => void

export interface LookedUp {
  /** The cluster with all that its versions need. */
  readonly spec: ClusterSpec
  /** What apply has to record; undefined if nothing was looked up. */
  readonly lock: PendingLock | undefined
}

// The images of a kubeadm decide on the default etcd, which may have to be looked up as well. There is no third round.
const mostRounds = 3

/**
 * Looks up what neither the cluster file, its lock file nor the catalog knows of its versions, at their release sites or at
 * the mirror. It writes nothing but a temporary file. `text` is the text of the cluster file. Throws UserErrors.
 */
export async function lookUpVersions(
  spec: ClusterSpec,
  text: string,
  secrets: ClusterSecrets,
  { env = process.env, announce = () => undefined }: { env?: NodeJS.ProcessEnv; announce?: Announce } = {},
): Promise<LookedUp> {
  let current = spec
  let found = emptyLock
  for (let round = 0; round < mostRounds; round++) {
    const missing = missingVersions(current)
    if (missing === undefined) break
    if (round === 0) refuseWithoutPlace(spec)
    announce(announcement(missing))
    found = withLocked(found, await lookUp(current, missing, reachOf(spec, secrets, env)))
    current = parseClusterFile(text, spec.file, { lock: withLocked(readLock(spec.file), found) })
  }
  return { spec: current, lock: found === emptyLock ? undefined : new PendingLock(spec.file, found) }
}

function announcement({ artifacts, kubeadm }: MissingVersions): string {
  const names = artifacts.map(([name, version]) => `${name} ${version}`)
  const asked = kubeadm === undefined ? [] : [`the images of kubeadm ${kubeadm} (some 70 MB are downloaded for that)`]
  return `Looking up what the catalog lacks: ${[...names, ...asked].join(', ')}`
}

function refuseWithoutPlace({ file, artifacts }: ClusterSpec): void {
  if (artifacts.folder !== undefined)
    throw new UserError(
      {
        where: `${file} spec.artifacts.folder`,
        problem: 'This cluster needs a version that is not in the catalog, and with a folder none is looked up.',
        next: 'Set the version in the file, and list its checksums in spec.artifacts.checksums.',
      },
      { exitCode: exitCodes.badInput },
    )
  if (statSync(file).isFile()) return
  throw new UserError(
    {
      where: file,
      problem:
        'This cluster has a version that is not in the catalog, and beside a pipe there is no place for its lock file.',
      next: 'Write the cluster file to a file, e.g. cluster.yaml, and name that.',
    },
    { exitCode: exitCodes.badInput },
  )
}

function reachOf(spec: ClusterSpec, secrets: ClusterSecrets, env: NodeJS.ProcessEnv): Reach {
  return reachThrough(proxyOf(spec, secrets) ?? environmentProxy(env), proxyFor)
}

async function lookUp(spec: ClusterSpec, missing: MissingVersions, reach: Reach): Promise<ClusterLock> {
  const { mirror } = spec.artifacts
  const found = await Promise.allSettled(
    missing.artifacts.map(async ([name, version]) => ({
      [name]: { [version]: await lookUpArtifact(name, version, mirror, reach) },
    })),
  )
  const errors = found.flatMap(one => (one.status === 'rejected' ? [one.reason as unknown] : []))
  if (errors.length > 0) throw together(errors)
  const artifacts = Object.assign({}, ...found.map(one => (one.status === 'fulfilled' ? one.value : {})))
  if (missing.kubeadm === undefined) return { artifacts, kubeadm: {} }
  const version = missing.kubeadm
  const sha256 = (one: Architecture) =>
    artifacts.kubeadm?.[version]?.[one] ?? knownSha256(spec.artifacts, artifact('kubeadm', version, one))
  return { artifacts, kubeadm: { [version]: await askKubeadm(version, sha256, mirror, reach) } }
}

const isAnswer = (problem: string): boolean => problem.includes('has no checksum')

// A version that does not exist lacks all of its programs, and a site that is down or refuses has none: one error is enough.
function together(errors: readonly unknown[]): unknown {
  const known = errors.filter(error => error instanceof UserError)
  if (known.length < errors.length) return errors.find(error => !(error instanceof UserError))
  const subject = ({ details: { where = '', problem, actual = '' } }: UserError) =>
    `${new URL(where).host} ${isAnswer(problem) ? problem.replace(/ of \S+ /, ' of ') : ''} ${actual}`
  return new UserErrors([...Map.groupBy(known, subject).values()].map(([one]) => one!))
}
