import { type CertificateFacts, dropsFormerCa, type HostFacts } from '../index.ts'

/** A note about CAs of which one replaces another, for the hosts to which the same text applies. */
export interface ReplacementNote {
  readonly hosts: readonly string[]
  readonly text: string
}

/**
 * The notes about files with several CAs that are no chain: somebody is replacing the CA. The file and the dates of the CAs are all the state
 * that a replacement has. A file with more certificates than are read has a note, too. Pure.
 */
export function replacementNotes(
  certificates: ReadonlyMap<string, readonly CertificateFacts[]>,
): readonly ReplacementNote[] {
  const found = [...certificates].flatMap(([host, all]) =>
    [...Map.groupBy(all, ({ path }) => path)].flatMap(([path, some]) => {
      const since = daysOf(some)
      const replaced = since.length > 1 ? [{ host, text: describe(path, since) }] : []
      return some.some(one => one.hasMore) ? [...replaced, { host, text: tooMany(path, some.length) }] : replaced
    }),
  )
  const alike = Map.groupBy(found, ({ text }) => text)
  return [...alike].map(([text, group]) => ({ hosts: group.map(({ host }) => host), text }))
}

/**
 * The note about a rotation of the cluster's CA that is under way, on the hosts that have a part of it; undefined: none is. `facts`: those of
 * the hosts that are to be control plane nodes. `file`: the cluster file. Pure.
 */
export function rotationNote(facts: ReadonlyMap<string, HostFacts>, file: string): ReplacementNote | undefined {
  const found = [...facts].flatMap(([host, { kubernetes }]) =>
    kubernetes.caRotation === undefined ? [] : [{ host, drops: dropsFormerCa(kubernetes) }],
  )
  if (found.length === 0) return undefined
  const text = found.some(({ drops }) => drops)
    ? `The former CA is being dropped, and that was cut off: evcctl certs rotate-ca --drop-former ${file}`
    : `A rotation of the CA is under way. If it was cut off: evcctl certs rotate-ca ${file}; once evcctl certs status shows nothing that the former CA has signed: evcctl certs rotate-ca --drop-former ${file}`
  return { hosts: found.map(({ host }) => host), text }
}

/** For each CA the day since when it is valid, the oldest first. The same one may be in a file again and again. */
function daysOf(certificates: readonly CertificateFacts[]): readonly string[] {
  const authorities = certificates.filter(({ ca, isRoot }) => ca && isRoot !== true)
  const different = new Map(authorities.map(one => [`${one.validFrom} ${one.validTo}`, one.validFrom]))
  return [...different.values()].sort((one, other) => one - other).map(at => new Date(at).toISOString().slice(0, 10))
}

function describe(path: string, since: readonly string[]): string {
  const of =
    since.length === 2
      ? `of ${since[0]} and of ${since[1]}`
      : `the oldest of ${since[0]}, the newest of ${since.at(-1)}`
  return `${path} has ${since.length} CAs, ${of}: a replacement of the CA is under way. evcctl trusts them all and takes none away.`
}

function tooMany(path: string, read: number): string {
  return `${path} has more than ${read} certificates, and evcctl reads the first ${read}. Leave only those in it that are needed.`
}
