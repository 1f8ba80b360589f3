import type { ErrorDetails } from '../../core/error-details.ts'
import { everyEntry } from '../../shell/every-entry.ts'
import { quote } from '../../shell/quote.ts'
import { setAsidePrefix } from '../etcd/index.ts'
import type { CutOffRun } from './marks.ts'

/** kubeadm's own data directory of the stacked etcd. */
export const defaultEtcdData = '/var/lib/etcd'

/**
 * Probe lines: `found=etcd` for data of etcd in the folder itself, `inEtcdData=<name>` for each other entry, at most five.
 */
export function printEtcdData(etcdData: string | undefined): string {
  if (etcdData === undefined) return ''
  const folder = quote(etcdData)
  return `if [ -d ${folder}/member ]; then echo found=etcd; fi
others=
for entry in ${everyEntry(folder)}; do
  if [ ! -e "$entry" ] && [ ! -L "$entry" ] || [ "\${entry##*/}" = member ]; then continue; fi
  if [ "$others" = xxxxx ]; then break; fi
  others=x$others
  printf 'inEtcdData=%s\\n' "\${entry##*/}"
done
`
}

/** Why data of an etcd that no run of evcctl created is not deleted. */
export function otherMember(etcdData: string): ErrorDetails {
  return {
    problem: 'evcctl has not made this data of an etcd.',
    expected: `no ${etcdData}/member`,
    actual: `${etcdData}/member`,
    next: 'Move it away, or name another folder in spec.kubernetes.clusterConfiguration.etcd.local.dataDir.',
  }
}

/** Why an interrupted run is not undone: it had another data directory, and this one holds data of somebody else. */
export function refuseOtherMember(etcdData: string, cutOff: CutOffRun | undefined): ErrorDetails | undefined {
  return cutOff === undefined || plain(cutOff.etcdData) === plain(etcdData) ? undefined : otherMember(etcdData)
}

function plain(folder: string | undefined): string | undefined {
  return folder?.replace(/\/+$/, '')
}

/**
 * Why kubeadm, which requires an empty folder, is not started. Undefined where the folder is empty, or where kubeadm's check
 * is ignored: then etcd's data will lie beside the other entries (the check is named by the path, in any case of letters).
 */
export function refuseOthersInFolder(
  etcdData: string,
  others: readonly string[],
  ignored: readonly string[],
): ErrorDetails | undefined {
  if (others.length === 0) return undefined
  const check = `DirAvailable-${etcdData.replaceAll('/', '-')}`
  if (ignored.some(name => ['all', check.toLowerCase()].includes(name.toLowerCase()))) return undefined
  const refused = {
    problem: `The folder for the data of etcd, ${etcdData}, is not empty, so kubeadm refuses it.`,
    expected: 'an empty folder, or none',
    actual: others.map(name => `${etcdData}/${name}`).join('\n'),
  }
  if (others.every(name => name.startsWith(setAsidePrefix)))
    return {
      ...refused,
      next: `These folders hold the data of before an "evcctl etcd restore", which the cluster does not use any more. If nobody wants it back, on the host: rm -rf ${etcdData}/${setAsidePrefix}*`,
    }
  return {
    ...refused,
    next: `Move the content away, or set another folder: spec.kubernetes.clusterConfiguration.etcd.local.dataDir. If the content may stay beside the data of etcd: spec.kubernetes.ignorePreflightErrors: [${check}]`,
  }
}
