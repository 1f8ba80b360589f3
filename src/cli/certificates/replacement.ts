import { type FoundCertificate, withoutRoots } from '../../facts/index.ts'
import type { HealthProblem } from '../status/health-answer.ts'
import { type Authority, authoritiesIn, signerOf } from './authorities.ts'

const filesShown = 3

/**
 * What has to be known before the older CA of a replacement is dropped: which certificates it has signed, and which hosts
 * trust only one of the CAs. `hosts`: the certificates of each host, by name. Pure.
 */
export function dependsOnOlder(hosts: ReadonlyMap<string, readonly FoundCertificate[]>): readonly HealthProblem[] {
  const paths = new Set([...hosts.values()].flatMap(pathsOfSeveral))
  return [...paths].flatMap(path => notesOf(path, hosts))
}

function pathsOfSeveral(found: readonly FoundCertificate[]): readonly string[] {
  const files = Map.groupBy(
    found.filter(({ certificate }) => certificate.ca),
    ({ path }) => path,
  )
  const below = (some: readonly FoundCertificate[]) => withoutRoots(some, ({ certificate }) => certificate)
  return [...files].filter(([, some]) => authoritiesIn(below(some)).length > 1).map(([path]) => path)
}

function notesOf(path: string, hosts: ReadonlyMap<string, readonly FoundCertificate[]>): readonly HealthProblem[] {
  const trusted = (found: readonly FoundCertificate[]) =>
    authoritiesIn(
      withoutRoots(
        found.filter(one => one.path === path),
        ({ certificate }) => certificate,
      ),
    )
  const since = ({ certificate }: Authority) => certificate.validFromDate.getTime()
  const all = trusted([...hosts.values()].flat())
  const [newest, ...older] = [...all].sort((one, other) => since(other) - since(one))
  const notes: HealthProblem[] = []
  let depends = false
  for (const [where, found] of hosts) {
    const own = trusted(found)
    const [only] = own
    if (only !== undefined && own.length < all.length) {
      const which =
        own.length > 1 ? 'not all of the CAs' : only.hash === newest?.hash ? 'only the newer CA' : 'only the older CA'
      notes.push({ where, problem: `${path} has ${which}: what another one has signed is not trusted there` })
    }
    const signed = found.filter(({ certificate }) => !certificate.ca && signerOf(certificate, older) !== undefined)
    if (signed.length === 0) continue
    depends = true
    notes.push({ where, problem: `signed by the older CA of ${path}: ${listed(signed.map(one => one.path))}` })
  }
  if (depends) return notes
  const problem = `the older CA has signed none of the certificates that are shown here. Kubeconfigs that people have fetched are not known to evcctl.`
  return [...notes, { where: path, problem }]
}

function listed(paths: readonly string[]): string {
  const rest = paths.length - filesShown
  const shown = paths.slice(0, filesShown).join(', ')
  return rest > 0 ? `${shown} and ${rest} more` : shown
}
