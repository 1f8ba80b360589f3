import type { Inventory } from '../../cluster/index.ts'
import type { UpgradeRemark } from '../../report/index.ts'

const dayMs = 24 * 60 * 60 * 1000
/** A CA that expires sooner is worth a warning before an upgrade: replacing it is work of its own. */
const soonDays = 90

/** When the first certificate on the hosts expires. An upgrade renews those of the distribution, but no CA. */
export function certificateRemark(
  { distribution, facts }: Pick<Inventory, 'distribution' | 'facts'>,
  now: number,
): UpgradeRemark {
  const about = 'certificates'
  const all = [...facts]
    .flatMap(([host, { certificates }]) => certificates.map(one => ({ host, ...one })))
    .sort((one, other) => one.validTo - other.validTo)
  const [first] = all
  if (first === undefined) return { is: 'unknown', about, text: 'none could be read' }
  const days = (validTo: number) => Math.floor((validTo - now) / dayMs)
  const tell = ({ host, path, validTo }: typeof first) => {
    const left = days(validTo)
    return left < 0 ? `${path} of ${host} has expired` : `${path} of ${host} expires in ${left} days`
  }
  const ca = all.find(one => one.ca)
  if (ca !== undefined && days(ca.validTo) < soonDays)
    return { is: 'warning', about, text: `${tell(ca)}; it is a CA, which an upgrade does not renew` }
  const renewed = first.path.startsWith(distribution.facts.folder) && !first.ca
  const text = `${tell(first)}${renewed ? '; the upgrade renews it' : ''}`
  return { is: !renewed && days(first.validTo) < 0 ? 'warning' : 'fine', about, text }
}
