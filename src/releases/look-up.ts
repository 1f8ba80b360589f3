import { createHash } from 'node:crypto'
import {
  type Artifact,
  type ArtifactName,
  type ArtifactSources,
  artifact,
  checksumsUrl,
  mirroredUrl,
  readPublished,
  versionsOf,
} from '../catalog/index.ts'
import { architectures, type LockedArtifact, nearestVersions } from '../config/index.ts'
import { type Architecture, exitCodes, UserError } from '../core/index.ts'
import { releaseBytes } from '../core/limits.ts'
import { GetError, getUrl, type Reach } from './http-get.ts'

/** Where downloads come from: `spec.artifacts.mirror`. */
export type Mirror = ArtifactSources['mirror']

/**
 * The sha256 of one version of a download, from the checksum file that its site publishes. A site that has it for one
 * architecture only gives that one. Throws UserError if it has none, if it cannot be asked, or if its answer is none.
 */
export async function lookUpArtifact(
  name: ArtifactName,
  version: string,
  mirror: Mirror,
  reach: Reach,
): Promise<LockedArtifact> {
  const asked = new Map<string, Promise<Buffer>>()
  const get = (url: string, most: number) => {
    const known = asked.get(url) ?? getUrl(url, most, reach)
    asked.set(url, known)
    return known
  }
  const wanted = architectures.map(one => artifact(name, version, one))
  const found = await Promise.allSettled(wanted.map(one => sha256Of(one, mirror, get)))
  const sums: Partial<Record<Architecture, string>> = {}
  for (const [index, result] of found.entries()) {
    if (result.status === 'fulfilled') sums[architectures[index]!] = result.value
    else if (!(result.reason instanceof NotServed)) throw result.reason
  }
  const [first] = found
  if (Object.keys(sums).length === 0 && first?.status === 'rejected') throw first.reason
  return { from: new URL(mirroredUrl(mirror, wanted[0]!.url)).host, ...sums }
}

/** The site answers, and does not have the file. */
class NotServed extends UserError {}

async function sha256Of(
  one: Artifact,
  mirror: Mirror,
  get: (url: string, most: number) => Promise<Buffer>,
): Promise<string> {
  const checksums = checksumsUrl(one)
  const url = mirroredUrl(mirror, checksums ?? one.url)
  let content: Buffer
  try {
    content = await get(url, checksums === undefined ? releaseBytes.download : releaseBytes.checksums)
  } catch (error) {
    if (error instanceof GetError) throw notLookedUp(one, url, error)
    throw error
  }
  if (checksums === undefined) return createHash('sha256').update(content).digest('hex')
  const published = readPublished(content.toString('latin1'), one)
  if ('sha256' in published) return published.sha256
  throw new UserError(
    {
      where: withoutLogin(url),
      problem: `The checksum file of ${titleOf(one)} cannot be used.`,
      expected: `<64 hexadecimal digits>  ${one.path.split('/').at(-1)}`,
      actual: published.problem,
      next: `${byHand(url)}\nA proxy or a login page on the way may have answered in place of the site.`,
    },
    { exitCode: exitCodes.failed },
  )
}

// Object stores answer 403 for what they do not have.
const notThere = [403, 404, 410]

function notLookedUp(one: Artifact, url: string, { message, status }: GetError): UserError {
  const missing = status !== undefined && notThere.includes(status)
  if (!missing)
    return new UserError({
      where: withoutLogin(url),
      problem: `The sha256 of ${titleOf(one)} could not be looked up: ${message}.`,
      next: `${byHand(url)}\nOr set spec.artifacts.mirror or spec.proxy, or list its sha256 in spec.artifacts.checksums.`,
    })
  const near = nearestVersions(one.version, versionsOf(one.name))
  return new NotServed(
    {
      where: withoutLogin(url),
      problem: `${new URL(url).host} has no checksum of ${titleOf(one)}.`,
      expected: `a version that is released; in the catalog: ${near.join(', ')}`,
      actual: message,
      next: `For a private build list its checksums in spec.artifacts.checksums, e.g. of ${one.path}`,
    },
    { exitCode: exitCodes.badInput },
  )
}

function titleOf({ name, version, architecture }: Artifact): string {
  return `${name} ${version} (${architecture})`
}

function byHand(url: string): string {
  return `Try it by hand: curl -fL '${withoutLogin(url)}'`
}

function withoutLogin(url: string): string {
  const bare = new URL(url)
  bare.username = ''
  bare.password = ''
  return bare.href
}
