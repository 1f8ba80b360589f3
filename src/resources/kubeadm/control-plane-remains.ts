import type { ErrorDetails } from '../../core/error-details.ts'
import type { ProbeResult } from '../../core/resource.ts'
import { linesOf } from '../support/index.ts'
import { printAside, readAside } from './before.ts'
import { type CutOffRun, cutOffRun, printMarks } from './marks.ts'
import { printEtcdData, refuseOtherMember, refuseOthersInFolder } from './stacked-etcd-data.ts'
import { formerManifests, formerMark } from './static-pods.ts'

/** The parts of a control plane that a host has, whatever created them. */
export interface ControlPlaneRemains {
  /** The run of kubeadm that was cut off. */
  readonly cutOff: CutOffRun | undefined
  /** Whether there are copies of what lay on the host before a run that somebody has reset by hand. */
  readonly aside: boolean
  /** The files and folders of a control plane that exist; `etcdFound` for data of a stacked etcd. */
  readonly found: readonly string[]
  /** Other entries in the folder for the data of the stacked etcd; only the first names. */
  readonly inEtcdData: readonly string[]
}

/** The entry in `found` that stands for data of a stacked etcd. */
export const etcdFound = 'data of etcd'

/**
 * Probe lines for remainsOf(). `parts`: paths below /etc/kubernetes. A manifest counts that the next apply puts back, see
 * hasApiServer. `etcdData`: undefined where kubeadm does not run etcd. */
export function printRemains(parts: readonly string[], etcdData: string | undefined): string {
  return `${printMarks}${printAside}for part in ${parts.join(' ')}; do
  former=${formerManifests}/\${part#manifests/}
  if [ -s "/etc/kubernetes/$part" ] || { [ -e ${formerMark} ] && [ -s "$former" ]; }; then echo "found=$part"; fi
done
${printEtcdData(etcdData)}`
}

/** Parses the output of printRemains(). */
export function remainsOf(raw: ProbeResult): ControlPlaneRemains {
  return {
    cutOff: cutOffRun(raw),
    aside: readAside(raw),
    found: linesOf(raw, 'found').map(part => (part === 'etcd' ? etcdFound : `/etc/kubernetes/${part}`)),
    inEtcdData: linesOf(raw, 'inEtcdData'),
  }
}

/** Why the content of the data folder of etcd forbids a control plane on this host. */
export function refuseEtcdData(
  etcdData: string | undefined,
  { cutOff, found, inEtcdData }: ControlPlaneRemains,
  ignored: readonly string[],
): ErrorDetails | undefined {
  if (etcdData === undefined) return undefined
  const other = found.includes(etcdFound) ? refuseOtherMember(etcdData, cutOff) : undefined
  return other ?? refuseOthersInFolder(etcdData, inEtcdData, ignored)
}
