import { getsOtherVersion, type Site, type Task, untouchedServers, upgradeCheck } from '../../src/index.ts'

/**
 * Checks through the API whether an upgrade can begin; see upgradeCheck(). A control plane node that an upgrade has
 * begun to change belongs to one that was cut off, which has to go on in any case.
 */
export function checkUpgrade({ inventory, distribution, builder, first }: Site): readonly Task[] {
  const { spec, facts, machines, minorsOnTheWay } = inventory
  const { version } = spec.kubernetes
  if (!machines.some(machine => getsOtherVersion(spec, machine))) return []
  const untouched = untouchedServers(spec, facts, minorsOnTheWay)
  const ignored = spec.preflight.ignore.filter(check => check === 'upgradeNodes' || check === 'upgradeApis')
  const check = upgradeCheck({ api: distribution.api, version, untouched, ignored })
  return [builder.scope(first.name, 'upgrade-check').add(check)]
}
