import type { ErrorDetails } from '../../core/error-details.ts'
import type { ProbeResult } from '../../core/resource.ts'
import { linesOf } from '../support/index.ts'
import { printAside, readAside } from './before.ts'
import { type CutOffRun, cutOffRun, printMarks } from './marks.ts'
import { printEtcdData, refuseOtherMember, refuseOthersInFolder } from './stacked-etcd-data.ts'

/** What a host has of a control plane, whatever made it. */
export interface ControlPlaneRemains {
  /** The run of kubeadm that was cut off. */
  readonly cutOff: CutOffRun | undefined
  /** Whether copies are left of what lay there before a run that somebody has reset by hand. */
  readonly aside: boolean
  /** The files and folders of a control plane that are there; `etcdFound` for data of a stacked etcd. */
  readonly found: readonly string[]
  /** What lies in the folder for the data of the stacked etcd besides such data; the first names of it. */
  readonly inEtcdData: readonly string[]
}

/** How data of a stacked etcd are named among what was found. */
export const etcdFound = 'data of etcd'

/** Probe lines that remainsOf() reads. `parts`: paths below /etc/kubernetes. `etcdData`: undefined where etcd is not kubeadm's. */
export function printRemains(parts: readonly string[], etcdData: string | undefined): string {
  return `${printMarks}${printAside}for part in ${parts.join(' ')}; do
  if [ -s "/etc/kubernetes/$part" ]; then echo "found=$part"; fi
done
${printEtcdData(etcdData)}`
}

/** Reads what printRemains() printed. */
export function remainsOf(raw: ProbeResult): ControlPlaneRemains {
  return {
    cutOff: cutOffRun(raw),
    aside: readAside(raw),
    found: linesOf(raw, 'found').map(part => (part === 'etcd' ? etcdFound : `/etc/kubernetes/${part}`)),
    inEtcdData: linesOf(raw, 'inEtcdData'),
  }
}

/** Why no control plane is made on the host because of what lies in the folder for the data of its etcd. */
export function refuseEtcdData(
  etcdData: string | undefined,
  { cutOff, found, inEtcdData }: ControlPlaneRemains,
  ignored: readonly string[],
): ErrorDetails | undefined {
  if (etcdData === undefined) return undefined
  const other = found.includes(etcdFound) ? refuseOtherMember(etcdData, cutOff) : undefined
  return other ?? refuseOthersInFolder(etcdData, inEtcdData, ignored)
}
