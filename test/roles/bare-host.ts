import type { AnyResource } from '../../src/core/resource.ts'
import { stateOf } from '../resources/state-of.ts'
import { printedUnit } from '../resources/unit-given.ts'

/** What the probes of resources, by kind or by kind and name, print on a host that has nothing yet; others print nothing. */
const printed: Readonly<Record<string, (name: string) => readonly string[]>> = {
  absent: () => ['type=absent'],
  artifact: name => [`absent=${name}`],
  'cgroups of pods': () => ['state=inactive'],
  certificate: () => ['now=1795865508'],
  'etcd data': () => ['data=no'],
  'etcd health': () => ['formed=no', 'healthy=no'],
  'etcd member': noMember,
  'etcd members': noMember,
  file: path => [`absent=${path}`, 'contents'],
  folder: () => ['type=absent'],
  'folder:/var/lib/etcd': () => ['folder=absent'],
  'helm release': noCluster,
  hostname: () => ['now=localhost'],
  kustomization: noCluster,
  manifest: noCluster,
  packages: () => ['dpkg=there'],
  unit: noUnit,
  'unit:etcd.service': name => [...noUnit(name), ...noMember()],
}

/** The state of a resource on a host that has nothing yet. */
export function bareState<R extends AnyResource>(resource: R): ReturnType<R['probe']['parse']> {
  const { kind, name } = resource
  return stateOf(resource, ...((printed[`${kind}:${name}`] ?? printed[kind])?.(name) ?? []))
}

function noCluster(): readonly string[] {
  return ['api=absent']
}

function noMember(): readonly string[] {
  return ['unit=inactive']
}

function noUnit(name: string): readonly string[] {
  return printedUnit(name, { LoadState: 'not-found', ActiveState: 'inactive', UnitFileState: '' })
}
