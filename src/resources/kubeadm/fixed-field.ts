import { SemVer } from 'semver'
import type { ErrorDetails } from '../../core/error-details.ts'
import { ownValue } from '../../core/own-value.ts'
import type { FieldChange } from '../../core/resource.ts'

// Field of the cluster's configuration → the key of cluster.yaml that sets it.
const keys: Readonly<Record<string, string>> = {
  clusterName: 'metadata.name',
  kubernetesVersion: 'spec.kubernetes.version',
  controlPlaneEndpoint: 'spec.controlPlane.endpoint (or localProxyPort)',
  'networking.podSubnet': 'spec.network.podCIDR',
  'networking.serviceSubnet': 'spec.network.serviceCIDR',
  'networking.dnsDomain': 'spec.kubernetes.clusterDomain',
  imageRepository: 'spec.images.registry',
  bindPort: 'spec.controlPlane.bindPort',
  advertiseAddress: 'spec.hosts[].privateAddress',
}

/** Why a field cannot be changed; `file` is the path of cluster.yaml. */
export function fixedField({ field, before, after }: FieldChange, file: string): ErrorDetails {
  const key = ownValue(keys, field) ?? `spec.kubernetes.clusterConfiguration.${field}`
  if (field === 'kubernetesVersion') return otherVersion(`${file} ${key}`, String(before), String(after))
  if (field === 'advertiseAddress') return otherAddress(`${file} ${key}`, before, after)
  return {
    where: `${file} ${key}`,
    problem: 'This cannot be changed on a standing cluster.',
    expected: `${before ?? 'nothing'}, as the cluster has it`,
    actual: String(after),
    next: `Put ${key} back${before === undefined ? '' : ` to ${before}`}, or make a new cluster with it.`,
  }
}

// https://kubernetes.io/releases/version-skew-policy/: API servers go up by one minor at a time, and never back.
function otherVersion(where: string, before: string, after: string): ErrorDetails {
  const [from, to] = [new SemVer(before), new SemVer(after)]
  const next = `${from.major}.${from.minor + 1}`
  if (to.compare(from) > 0)
    return {
      where,
      problem: 'An upgrade of Kubernetes cannot leave out a minor version.',
      expected: `${before}, a later patch of it, or a version ${next}.x`,
      actual: after,
      next: `Set ${keys.kubernetesVersion} to a version ${next}.x and apply; then go on to the following minor in the same way.`,
    }
  return {
    where,
    problem: 'Kubernetes cannot go back to an older version: its data in etcd may be newer.',
    expected: `${before}, as the cluster has it, or a newer one`,
    actual: after,
    next: `Set ${keys.kubernetesVersion} to ${before.slice(1)} or newer.`,
  }
}

// Certificates, etcd's list of members and the manifests contain the address, so a machine with another address must become a new
// node: the usual removal, and the usual join.
function otherAddress(where: string, before: FieldChange['before'], after: FieldChange['after']): ErrorDetails {
  return {
    where,
    problem: 'A control plane node cannot change its address.',
    expected: `${before ?? 'the address that it had'}, as its API server has it`,
    actual: String(after),
    next: [
      'Give the machine its former address back (a second address of the interface will do).',
      'Or, where other control plane nodes run, let it leave and join again: give the host state: absent (an even number of members needs spec.etcd.allowEvenMembers: true) and apply; then take state: absent out and apply.',
    ].join('\n'),
  }
}
