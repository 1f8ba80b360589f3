import leven from 'leven'
import { compareBuild } from 'semver'

/**
 * The candidate that was probably meant: one that differs only in case and separators or by a few typing errors, or the
 * only one that begins with the given text.
 */
export function nearest(given: string, candidates: Iterable<string>): string | undefined {
  const plain = simplified(given)
  let best: { candidate: string; distance: number } | undefined
  const longer: string[] = []
  for (const candidate of candidates) {
    if (plain.length >= 4 && simplified(candidate).startsWith(plain)) longer.push(candidate)
    const distance = leven(plain, simplified(candidate), { maxDistance: 4 })
    if (best === undefined || distance < best.distance) best = { candidate, distance }
  }
  if (best !== undefined && best.distance <= tolerance(plain.length)) return best.candidate
  return longer.length === 1 ? longer[0] : undefined
}

/** Up to `count` existing versions near a version that does not exist: those of the same minor if there are any. Newest first. */
export function nearestVersions(given: string, versions: readonly string[], count = 3): readonly string[] {
  const minor = given.split('.').slice(0, 2).join('.')
  const sameMinor = versions.filter(version => version.startsWith(`${minor}.`))
  return [...(sameMinor.length > 0 ? sameMinor : versions)].sort((a, b) => compareBuild(b, a)).slice(0, count)
}

function simplified(text: string): string {
  return text.toLowerCase().replaceAll(/[-_. ]/g, '')
}

function tolerance(length: number): number {
  if (length <= 3) return 1
  return length <= 7 ? 2 : 3
}
