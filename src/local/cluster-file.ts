import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { Document, isMap, isScalar, type Node, type YAMLMap } from 'yaml'
import { exitCodes, UserError } from '../core/errors.ts'
import type { LocalHosts } from './hosts.ts'
import type { HostNeeds } from './needs.ts'

/** A file with container images, as cluster.yaml takes it. */
export interface ImageArchive {
  readonly url: string
  /** 64 hex digits. */
  readonly sha256: string
  /** Default: every node. */
  readonly roles?: readonly string[]
}

export interface ClusterFileOptions {
  readonly name: string
  readonly hosts: readonly { readonly name: string; readonly address: string; readonly roles: readonly string[] }[]
  readonly ssh: { readonly user: string; readonly identityFile: string; readonly knownHostsFile: string }
  readonly needs: HostNeeds
  readonly kubernetesVersion?: string
  /** URL that artifacts come from instead of the upstream sites, and the file with their checksums. */
  readonly artifacts?: { readonly mirror: string; readonly checksums?: string }
  readonly archives?: readonly ImageArchive[]
}

/** The properties of started hosts that the cluster file needs. */
export function clusterFileHosts(hosts: LocalHosts): Pick<ClusterFileOptions, 'name' | 'hosts' | 'ssh'> {
  const { name, user, identityFile, knownHostsFile } = hosts
  return { name, hosts: hosts.hosts, ssh: { user, identityFile, knownHostsFile } }
}

/** The text of a cluster.yaml for container hosts, with a comment at every setting that only such hosts need. Pure. */
export function clusterFileText(options: ClusterFileOptions): string {
  const { needs, ssh } = options
  const document = new Document({
    apiVersion: 'evcctl.dev/v1alpha1',
    kind: 'Cluster',
    metadata: { name: options.name },
    spec: withoutEmpty({
      kubernetes: withoutEmpty({
        version: options.kubernetesVersion,
        kubeletConfiguration: needs.cgroupV1 ? { failCgroupV1: false } : undefined,
        kubeProxyConfiguration: needs.fixedConntrackMax ? { conntrack: { maxPerCore: 0 } } : undefined,
        ignorePreflightErrors: needs.cgroupV1 ? ['SystemVerification'] : undefined,
      }),
      etcd: options.hosts.some(host => host.roles.includes('etcd')) ? { topology: 'external' } : undefined,
      runtime: needs.fixedOomScore ? { configPatches: [oomScorePatch] } : undefined,
      ssh: {
        user: ssh.user,
        identityFile: ssh.identityFile,
        knownHosts: { file: ssh.knownHostsFile, policy: 'strict' },
      },
      artifacts: options.artifacts && withoutEmpty({ ...options.artifacts }),
      images: options.archives?.length ? { archives: options.archives.map(archive => ({ ...archive })) } : undefined,
      hosts: options.hosts.map(({ name, address, roles }) => ({ name, address, roles: [...roles] })),
    }),
  })
  document.commentBefore = ` Container hosts of "evcctl local up --name ${options.name}".`
  comment(document, ['spec', 'kubernetes', 'kubeletConfiguration'], 'This machine uses cgroup v1.')
  comment(document, ['spec', 'kubernetes', 'ignorePreflightErrors'], 'kubeadm checks for cgroup v2, too.')
  comment(
    document,
    ['spec', 'kubernetes', 'kubeProxyConfiguration'],
    'A container cannot set the limit of tracked connections.',
  )
  comment(
    document,
    ['spec', 'runtime'],
    'Without CAP_SYS_RESOURCE no process can lower its OOM score, and every sandbox would fail.',
  )
  comment(document, ['spec', 'ssh'], 'A key made for these hosts, and the keys that they made.')
  for (const path of [['metadata'], ['spec', 'ssh', 'knownHosts'], ['spec', 'kubernetes', 'kubeletConfiguration']]) {
    flow(document.getIn(path))
  }
  flow(document.getIn(['spec', 'kubernetes', 'kubeProxyConfiguration']))
  flow(document.getIn(['spec', 'kubernetes', 'ignorePreflightErrors']))
  for (let index = 0; index < options.hosts.length; index++) flow(document.getIn(['spec', 'hosts', index]))
  return document.toString({ lineWidth: 120, flowCollectionPadding: true })
}

/**
 * Writes the cluster.yaml of container hosts. Raises UserError when the file exists, unless `force` is given.
 */
export async function writeClusterFile(
  path: string,
  options: ClusterFileOptions,
  { force = false }: { readonly force?: boolean } = {},
): Promise<void> {
  try {
    await writeFile(path, clusterFileText(options), { flag: force ? 'w' : 'wx' })
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') throw existsAlready(path, cause)
    const details = { where: path, problem: 'the file cannot be written', actual: String(cause) }
    throw new UserError(details, { cause, exitCode: exitCodes.badInput })
  }
}

/** Raises UserError when there is a file of that name. */
export function assertNoClusterFile(path: string): void {
  if (existsSync(path)) throw existsAlready(path)
}

function existsAlready(path: string, cause?: Error): UserError {
  return new UserError(
    {
      where: path,
      problem: 'the file exists already; it was not changed',
      next: 'Choose another name, or overwrite it with --force.',
    },
    { cause, exitCode: exitCodes.badInput },
  )
}

const oomScorePatch = { plugins: { 'io.containerd.cri.v1.runtime': { restrict_oom_score_adj: true } } }

/** Removes undefined fields; returns undefined when no field is left. */
function withoutEmpty(value: Record<string, unknown>): Record<string, unknown> | undefined {
  const entries = Object.entries(value).filter(([, field]) => field !== undefined)
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}

function comment(document: Document, path: readonly string[], text: string): void {
  const parent = document.getIn(path.slice(0, -1))
  if (!isMap(parent)) return
  const key = (parent as YAMLMap).items.find(({ key }) => isScalar(key) && key.value === path.at(-1))?.key
  if (isScalar(key)) key.commentBefore = ` ${text}`
}

function flow(node: unknown): void {
  if (node !== undefined) (node as Node & { flow?: boolean }).flow = true
}
