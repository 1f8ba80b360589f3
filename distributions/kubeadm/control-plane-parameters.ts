import { type ControlPlaneNodeParameters, type Machine, renewDaysOf, type Site } from '../../src/index.ts'
import { nodeOf } from './node-of.ts'

/** What the tasks of every control plane node are declared with. `renewal`: which certificates are renewed; see renewDaysOf(). */
export function controlPlaneParameters(
  { inventory: { spec, endpoint } }: Site,
  machine: Machine,
  {
    documents,
    renewal,
    after,
  }: Pick<ControlPlaneNodeParameters, 'documents' | 'after'> & { readonly renewal: Site['renewal'] },
): ControlPlaneNodeParameters {
  return {
    file: spec.file,
    node: nodeOf(spec, machine),
    documents,
    initPatch: spec.kubernetes.initConfiguration,
    endpoint,
    bindPort: spec.controlPlane.bindPort,
    ignorePreflightErrors: spec.kubernetes.ignorePreflightErrors,
    store: spec.runtime.name,
    renewDays: renewDaysOf(documents.cluster, renewal),
    after,
  }
}
