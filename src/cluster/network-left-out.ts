import type { Inventory } from './inventory.ts'

/** What to say of a pod network that cannot be looked at, because the host that it is set up from does not answer. */
export function networkLeftOut(inventory: Inventory): { readonly host: string; readonly text: string } | undefined {
  const { spec, silent, networkHome: home } = inventory
  const { cni } = spec.network
  if (home === undefined || !silent.includes(home) || (cni !== 'calico' && cni !== 'cilium')) return undefined
  const text = `${cni} is set up from ${home.name}, which does not answer: the pod network stays as it is, and its settings are not compared.`
  return { host: home.name, text }
}
