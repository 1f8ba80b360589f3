import type { AnyResource } from '../../src/core/resource.ts'
import { stateOf } from '../resources/state-of.ts'
import { printedUnit } from '../resources/unit-given.ts'

/** What the probes of resources, by their kinds, print on a host that has nothing yet; all others print nothing there. */
const printed: Readonly<Record<string, (name: string) => readonly string[]>> = {
  absent: noFile,
  artifact: name => [`absent=${name}`],
  certificate: () => ['now=1795865508'],
  file: noFile,
  folder: () => ['type=absent'],
  'helm release': noCluster,
  kustomization: noCluster,
  manifest: noCluster,
  packages: () => ['dpkg=there'],
  unit: name => printedUnit(name, { LoadState: 'not-found', ActiveState: 'inactive', UnitFileState: '' }),
}

/** The state of a resource on a host that has nothing yet. */
export function bareState<R extends AnyResource>(resource: R): ReturnType<R['probe']['parse']> {
  return stateOf(resource, ...(printed[resource.kind]?.(resource.name) ?? []))
}

function noFile(path: string): readonly string[] {
  return [`absent=${path}`, 'contents']
}

function noCluster(): readonly string[] {
  return ['api=absent']
}
