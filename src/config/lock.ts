import { basename, dirname, join } from 'node:path'
import { rcompare, valid } from 'semver'
import { stringify } from 'yaml'
import { z } from 'zod'
import { type ArtifactName, artifact, catalog, imagesOf, type KubeadmImages } from '../catalog/index.ts'
import { type UserError, UserErrors } from '../core/index.ts'
import { ClusterDocument } from './document.ts'
import { valueAt } from './finding.ts'
import { text } from './schema/scalars.ts'
import type { FileKind } from './syntax-errors.ts'

/** Host and port of a site. A mirror may have a port. */
const site = text(/^[A-Za-z0-9._:[\]-]{1,253}$/, 'the host that served it')
// Not the one of cluster.yaml: evcctl itself writes lower case.
const digest = text(/^[0-9a-f]{64}$/, 'a sha256: 64 hexadecimal digits in lower case')
const version = z.string().refine(given => valid(given) === given, { error: 'a full version, e.g. 1.37.2' })
const tag = text(/^\w[\w.-]{0,127}$/, 'a tag of an image')

const lockSchema = z.strictObject({
  apiVersion: z.literal('evcctl.dev/v1alpha1', { error: 'evcctl.dev/v1alpha1' }),
  kind: z.literal('ClusterLock', { error: 'ClusterLock' }),
  artifacts: z
    .record(
      text(/^[a-z0-9-]{1,63}$/, 'the name of a download'),
      z.record(version, z.strictObject({ from: site, amd64: digest.optional(), arm64: digest.optional() })),
    )
    .default({}),
  kubeadm: z.record(version, z.strictObject({ etcd: tag, coredns: tag, pause: tag })).default({}),
})

/** One version of a download: the site that gave its checksums, and the sha256 by architecture. */
export type LockedArtifact = z.output<typeof lockSchema>['artifacts'][string][string]

/** What cluster.lock.yaml has: facts of versions that the catalog did not have when they were first used. */
export interface ClusterLock {
  /** Name of the download → version → where from, and its sha256. A later evcctl may know more names than this one. */
  readonly artifacts: Readonly<Record<string, Readonly<Record<string, LockedArtifact>>>>
  /** Kubernetes version → the image tags that its own kubeadm lists. */
  readonly kubeadm: Readonly<Record<string, KubeadmImages>>
}

/** The lock of a cluster file that has none. */
export const emptyLock: ClusterLock = { artifacts: {}, kubeadm: {} }

/** The lock file of a cluster file: `cluster.lock.yaml` beside `cluster.yaml`. */
export function lockPath(clusterFile: string): string {
  return join(dirname(clusterFile), `${basename(clusterFile).replace(/\.ya?ml$/, '')}.lock.yaml`)
}

/** Reads the text of a lock file; `file` is its path, for messages. Throws UserErrors with all that is wrong in it. */
export function parseLock(text: string, file: string): ClusterLock {
  const document = new ClusterDocument(text, file, lockFileKind)
  const parsed = lockSchema.safeParse(document.value)
  if (parsed.success) return { artifacts: parsed.data.artifacts, kubeadm: parsed.data.kubeadm }
  const errors = parsed.error.issues.slice(0, mostErrors).map(issue => wrong(document, issue))
  throw new UserErrors(errors)
}

const mostErrors = 5
const nobodyWroteThis =
  'evcctl writes this file. Restore it from version control, or remove what is wrong in it: evcctl looks that up again.'
const lockFileKind: FileKind = {
  name: 'a lock file',
  expected: 'a mapping as evcctl writes it',
  startHere: 'evcctl writes this file. Restore it from version control, or remove it: evcctl looks all of it up again.',
}

function wrong(document: ClusterDocument, issue: z.core.$ZodIssue): UserError {
  const path = issue.path.map(part => (typeof part === 'symbol' ? String(part) : part))
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys
    return document.error({
      path: [...path, key],
      at: 'key',
      problem: `There is no key "${key}" here.`,
      next: nobodyWroteThis,
    })
  }
  const missing = valueAt(document.value, path) === undefined
  const [inner] = issue.code === 'invalid_key' ? issue.issues : [issue]
  const message = inner?.message ?? issue.message
  const expected = message.startsWith('Invalid input') ? {} : { expected: message }
  return document.error({
    path,
    ...(issue.code === 'invalid_key' ? { at: 'key' as const } : {}),
    problem: missing ? `"${String(path.at(-1))}" is missing.` : 'This cannot be in a lock file.',
    ...expected,
    next: nobodyWroteThis,
  })
}

/** The sha256 of a lock, by the path of the artifact as in `spec.artifacts.checksums`. */
export function lockedSums({ artifacts }: ClusterLock): Readonly<Record<string, string>> {
  const sums = Object.entries(artifacts)
    .filter(([name]) => Object.hasOwn(catalog, name))
    .flatMap(([name, versions]) =>
      Object.entries(versions).flatMap(([version, locked]) =>
        (['amd64', 'arm64'] as const).flatMap(architecture => {
          const sha256 = locked[architecture]
          return sha256 === undefined
            ? []
            : [[artifact(name as ArtifactName, version, architecture).path, sha256] as const]
        }),
      ),
    )
  return Object.fromEntries(sums)
}

/** The images of the kubeadm of a Kubernetes version; undefined if neither the catalog nor the lock knows them. */
export function imagesFor(kubernetes: string, { kubeadm }: ClusterLock): KubeadmImages | undefined {
  return Object.hasOwn(kubeadm, kubernetes) ? kubeadm[kubernetes] : imagesOf(kubernetes)
}

/** Both locks in one. What both have is taken from `more`. */
export function withLocked(lock: ClusterLock, more: ClusterLock): ClusterLock {
  const names = new Set([...Object.keys(lock.artifacts), ...Object.keys(more.artifacts)])
  return {
    artifacts: Object.fromEntries(
      [...names].map(name => [name, { ...lock.artifacts[name], ...more.artifacts[name] }] as const),
    ),
    kubeadm: { ...lock.kubeadm, ...more.kubeadm },
  }
}

/** The text of a lock file. Equal locks have the same text: names are sorted, versions newest first. */
export function lockText({ artifacts, kubeadm }: ClusterLock): string {
  const names = Object.keys(artifacts).sort()
  const content = {
    apiVersion: 'evcctl.dev/v1alpha1',
    kind: 'ClusterLock',
    artifacts: Object.fromEntries(names.map(name => [name, newestFirst(artifacts[name] ?? {})])),
    ...(Object.keys(kubeadm).length === 0 ? {} : { kubeadm: newestFirst(kubeadm) }),
  }
  return `${heading}${stringify(content, { lineWidth: 0 })}`
}

const heading = `# What evcctl has looked up of versions that its catalog did not have. From then on they are pinned to it.
# evcctl apply writes this file. Keep it in version control, beside the cluster file.
`

function newestFirst<T>(versions: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(versions).sort(([a], [b]) => rcompare(a, b)))
}
