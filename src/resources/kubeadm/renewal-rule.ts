import { type Renewal, renewDaysIn } from '../pki/index.ts'
import type { KubernetesDocument } from '../support/index.ts'

/** How long kubeadm's certificates are valid unless its configuration says otherwise, days. */
const usualDays = 365

/**
 * kubeadm's certificates are renewed with fewer days left than this; see renewDaysIn(). `cluster`: kubeadm's
 * ClusterConfiguration, which may give them another life (`certificateValidityPeriod`).
 */
export function renewDaysOf(cluster: KubernetesDocument, renewal: Renewal): number {
  return renewDaysIn(daysIn(cluster.certificateValidityPeriod) ?? usualDays, renewal)
}

/** A duration as Go writes it, e.g. `8760h0m0s`, in days; undefined if it is none. */
function daysIn(duration: unknown): number | undefined {
  if (typeof duration !== 'string' || !/^(\d+(\.\d+)?[hms])+$/.test(duration)) return undefined
  const hours = { h: 1, m: 1 / 60, s: 1 / 3600 }
  const parts = [...duration.matchAll(/(\d+(?:\.\d+)?)([hms])/g)]
  const sum = parts.reduce((all, [, number, unit]) => all + Number(number) * hours[unit as keyof typeof hours], 0)
  return sum > 0 ? sum / 24 : undefined
}
