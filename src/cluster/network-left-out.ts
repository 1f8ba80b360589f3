import type { Inventory } from './inventory.ts'

/** A note that evcctl cannot compare the pod network, because the host that sets it up does not answer. */
export function networkLeftOut(inventory: Inventory): { readonly host: string; readonly text: string } | undefined {
  const { spec, silent, networkHome: home } = inventory
  const { cni } = spec.network
  if (home === undefined || !silent.includes(home) || (cni !== 'calico' && cni !== 'cilium')) return undefined
  const text = `${home.name} sets up ${cni} and does not answer, so the pod network stays as it is, and evcctl does not compare its settings.`
  return { host: home.name, text }
}
