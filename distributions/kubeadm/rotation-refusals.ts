import {
  type ClusterSpec,
  dropsFormerCa,
  type Inventory,
  type KubernetesDocument,
  type Machine,
  rotationFiles,
  rotationFolder,
  UserError,
} from '../../src/index.ts'

/** Whether some control plane node is dropping the former CA; see dropsFormerCa(). */
export function isDropping(servers: readonly Machine[]): boolean {
  return servers.some(({ facts }) => dropsFormerCa(facts.kubernetes))
}

/** Why the first step is refused once the second one has begun. */
export function refuseDropping({ spec: { file } }: Inventory): UserError {
  return new UserError({
    problem: 'The former CA is being dropped, and that was cut off. To trust it again is no way on.',
    next: `Finish it: evcctl certs rotate-ca --drop-former ${file}`,
  })
}

/** Throws UserError if control plane nodes have different new CAs: two rotations were begun, and neither can go on. */
export function refuseSeveral(servers: readonly Machine[]): void {
  const found = servers.flatMap(({ name, facts: { kubernetes } }) =>
    kubernetes.caRotation === undefined ? [] : [{ name, next: kubernetes.caRotation.next }],
  )
  if (new Set(found.map(({ next }) => next)).size < 2) return
  throw new UserError({
    where: found.map(({ name }) => name).join(', '),
    problem: 'These control plane nodes have different CAs to come, so two rotations of the CA were begun.',
    expected: `the same ${rotationFiles.nextCertificate} on all of them`,
    actual: found.map(({ name, next }) => `${name}: sha256 ${next.slice(0, 16)}…`).join('\n'),
    next: `See which of them ca.crt has: evcctl certs status. Move ${rotationFolder} away on the nodes that have the other one.`,
  })
}

/** Settings of the components that name files of CAs, which a rotation would leave as they are. */
const ownFiles = {
  apiServer: ['client-ca-file', 'kubelet-certificate-authority', 'kubelet-client-certificate', 'tls-cert-file'],
  controllerManager: ['client-ca-file', 'root-ca-file', 'cluster-signing-cert-file', 'cluster-signing-key-file'],
} as const

/** Throws UserError if cluster.yaml names files of CAs of its own. */
export function refuseOwnFiles({ file, kubernetes }: ClusterSpec): void {
  const { clusterConfiguration, kubeletConfiguration } = kubernetes
  const named = Object.entries(ownFiles).flatMap(([component, names]) =>
    argumentsOf(clusterConfiguration, component)
      .filter(name => (names as readonly string[]).includes(name))
      .map(name => `kubernetes.clusterConfiguration.${component}.extraArgs: ${name}`),
  )
  const { authentication } = kubeletConfiguration as {
    readonly authentication?: { readonly x509?: { readonly clientCAFile?: unknown } }
  }
  if (authentication?.x509?.clientCAFile !== undefined)
    named.push('kubernetes.kubeletConfiguration.authentication.x509.clientCAFile')
  if (clusterConfiguration.certificatesDir !== undefined) named.push('kubernetes.clusterConfiguration.certificatesDir')
  if (named.length === 0) return
  throw new UserError({
    where: `${file} spec`,
    problem: 'The file names certificates or CAs of its own, which a rotation of the CA would leave as they are.',
    expected: 'the files that kubeadm makes',
    actual: named.join('\n'),
    next: 'Take these settings out first, or replace the CA by hand: https://kubernetes.io/docs/tasks/tls/manual-rotation-of-ca-certificates/',
  })
}

function argumentsOf(cluster: KubernetesDocument, component: string): readonly string[] {
  const { extraArgs } = (cluster[component] ?? {}) as { readonly extraArgs?: unknown }
  if (!Array.isArray(extraArgs)) return []
  return extraArgs.map(one => String((one as { readonly name?: unknown }).name))
}
