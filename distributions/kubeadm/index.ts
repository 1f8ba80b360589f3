import { archivesFor, type Distribution, kubeadmApi, kubeadmFacts } from '../../src/index.ts'
import { runtimePackages } from './declare-runtime.ts'
import { initialise } from './initialise.ts'
import { prepare } from './prepare.ts'

/** Upstream's programs, a container runtime of their own, and kubeadm, which makes static pods of the control plane. */
export const kubeadm: Distribution = {
  name: 'kubeadm',
  api: kubeadmApi,
  facts: kubeadmFacts,
  packages: ({ inventory }, machine) =>
    runtimePackages(inventory.spec, archivesFor(inventory.spec, machine).length > 0),
  prepare,
  initialise,
}
