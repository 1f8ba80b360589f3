import { X509Certificate } from 'node:crypto'
import {
  artifact,
  defaultEtcd,
  type KubeadmImages,
  knowledgeOf,
  knownSha256,
  kubernetesVersions,
} from '../catalog/index.ts'
import { type Architecture, Secret } from '../core/index.ts'
import type { Draft } from './draft.ts'
import { certificateFindings } from './etcd-certificates.ts'
import { localPath, readFailure, type Surroundings } from './files.ts'
import type { Finding, Path } from './finding.ts'
import { type ClusterLock, imagesFor, lockedSums } from './lock.ts'
import { architectures } from './missing.ts'
import type { EtcdSpec } from './spec.ts'

/**
 * Makes the EtcdSpec from `spec.etcd`. It also reads the client files of an etcd that exists already, so that their errors
 * are found before any host is contacted. `checksums`: those of private builds, as far as they could be read.
 */
export function etcdSpec(
  draft: Draft,
  clusterFile: string,
  around: Surroundings,
  lock: ClusterLock,
  checksums: Readonly<Record<string, string>> | undefined,
): { readonly spec: EtcdSpec; readonly findings: readonly Finding[] } {
  const { topology, version, allowEvenMembers, backup, endpoints, certificates } = draft.sections.etcd
  if (topology === 'stacked')
    return {
      spec: {
        topology,
        version: toolsVersion(imagesFor(kubernetesOf(draft), lock), lock, checksums),
        allowEvenMembers,
        backup,
      },
      findings: [],
    }
  if (endpoints === undefined || certificates === undefined) {
    const wanted = version ?? defaultEtcd(imagesFor(kubernetesOf(draft), lock))
    return { spec: { topology, managed: true, version: wanted, allowEvenMembers, backup }, findings: [] }
  }
  const read = readFiles(certificates, clusterFile, around)
  const findings = read.findings.length > 0 ? read.findings : certificateFindings(read.texts, new Date())
  const { ca, cert, key } = read.texts
  return {
    spec: {
      topology,
      managed: false,
      endpoints,
      ca,
      certificate: cert,
      key: new Secret(key, 'private key of the etcd client'),
    },
    findings,
  }
}

// The tools of a stacked etcd have the version of its image when their checksum is known.
function toolsVersion(
  images: KubeadmImages | undefined,
  lock: ClusterLock,
  checksums: Readonly<Record<string, string>> = {},
): string {
  const [tested = ''] = images?.etcd.split('-') ?? []
  const sources = { checksums, locked: lockedSums(lock) }
  const isKnown = (one: Architecture) => knownSha256(sources, artifact('etcd', tested, one)) !== undefined
  return tested !== '' && architectures.some(isKnown) ? tested : defaultEtcd(images)
}

// A wrong version has already been reported, so any valid version will do here.
function kubernetesOf(draft: Draft): string {
  const [newest = ''] = kubernetesVersions()
  const { version = newest } = draft.sections.kubernetes
  return knowledgeOf(version) === 'none' ? newest : version
}

const files = ['ca', 'cert', 'key'] as const

function readFiles(
  paths: Readonly<Record<(typeof files)[number], string>>,
  clusterFile: string,
  { readFile, env }: Surroundings,
) {
  const findings: Finding[] = []
  const texts = { ca: '', cert: '', key: '' }
  for (const name of files) {
    const path: Path = ['spec', 'etcd', 'certificates', name]
    const file = localPath(paths[name], clusterFile, env)
    try {
      texts[name] = readFile(file)
      if (name !== 'key') new X509Certificate(texts[name])
    } catch (cause) {
      const unreadable = texts[name] === ''
      findings.push({
        path,
        problem: unreadable ? `${readFailure(cause)}: ${file}.` : `${file} is not a certificate in PEM.`,
      })
    }
  }
  return { texts, findings }
}
