import { getsOtherVersion, isControlPlane, type Site, type Task, upgradeCheck } from '../../src/index.ts'

/**
 * Checks through the API whether an upgrade can begin; see upgradeCheck(). A control plane node whose API server has the new
 * version already belongs to an upgrade that was cut off, which has to go on in any case.
 */
export function checkUpgrade({ inventory, distribution, builder, first }: Site): readonly Task[] {
  const { spec, facts, machines } = inventory
  const { version } = spec.kubernetes
  if (!machines.some(machine => getsOtherVersion(spec, machine))) return []
  const untouched = spec.hosts
    .filter(host => isControlPlane(host) && facts.get(host.name)?.kubernetes.apiServer !== version)
    .map(({ name }) => name)
  const ignored = spec.preflight.ignore.filter(check => check === 'upgradeNodes' || check === 'upgradeApis')
  const check = upgradeCheck({ api: distribution.api, version, untouched, ignored })
  return [builder.scope(first.name, 'upgrade-check').add(check)]
}
