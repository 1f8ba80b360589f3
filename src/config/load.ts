import { join, resolve } from 'node:path'
import { type UserError, UserErrors } from '../core/index.ts'
import { localFileBytes, pipePatience } from '../core/limits.ts'
import { LocalFileError, readFileOrPipe } from '../core/local-file.ts'
import { checkAddresses } from './checks/addresses.ts'
import { checkCilium } from './checks/cilium.ts'
import { checkEtcd } from './checks/etcd.ts'
import { checkEtcdData } from './checks/etcd-data.ts'
import { checkFeatureGates } from './checks/feature-gates.ts'
import { checkFirewall } from './checks/firewall.ts'
import { checkHosts } from './checks/hosts.ts'
import { checkKubeletPolicies } from './checks/kubelet-policies.ts'
import { checkLabels } from './checks/labels.ts'
import { checkNetwork } from './checks/network.ts'
import { checkPatches } from './checks/patches.ts'
import { checkPorts } from './checks/ports.ts'
import { checkProxy } from './checks/proxy.ts'
import { checkRollout } from './checks/rollout.ts'
import { checkRuntime } from './checks/runtime.ts'
import { checkFolder, checkSources } from './checks/sources.ts'
import { checkVersions } from './checks/versions.ts'
import { readChecksums } from './checksums.ts'
import { ClusterDocument } from './document.ts'
import { makeDraft } from './draft.ts'
import { etcdSpec } from './etcd.ts'
import { explainAll } from './explain.ts'
import { localPath, readFailure, type Surroundings, surroundings } from './files.ts'
import { type Finding, formatPath, isMapping, type Path, valueAt } from './finding.ts'
import { imageArchives } from './image-archives.ts'
import { type ClusterLock, emptyLock, lockPath, parseLock } from './lock.ts'
import { lockNotes } from './lock-notes.ts'
import { normalise } from './normalise.ts'
import { registryAuthorities } from './registry-authorities.ts'
import { badInput } from './report.ts'
import { beginsSavedPlan, notAClusterFile } from './saved-plan.ts'
import { clusterSchema, sectionsSchema } from './schema/cluster.ts'
import type { ClusterSpec } from './spec.ts'

/** Reads and checks a cluster.yaml without contacting any host. Throws UserErrors with its errors, all at once. */
export async function loadClusterFile(file: string): Promise<ClusterSpec> {
  return (await loadClusterFiles(file)).spec
}

/** What a cluster file says, and the content of each file that this comes from, by absolute path. */
export interface LoadedCluster {
  readonly spec: ClusterSpec
  readonly files: ReadonlyMap<string, string>
}

/** Does the same as loadClusterFile, and returns what it has read. Files with secrets for hosts are not among it. */
export async function loadClusterFiles(file: string): Promise<LoadedCluster> {
  const text = await readClusterFile(file)
  if (beginsSavedPlan(text)) throw notAClusterFile(file)
  const files = new Map([[resolve(file), text]])
  const { readFile } = surroundings()
  const spec = parseClusterFile(text, file, {
    readFile(path) {
      const content = readFile(path)
      files.set(path, content)
      return content
    },
  })
  return { spec, files }
}

export interface ClusterSources extends Partial<Surroundings> {
  /** The lock of the cluster file. Default: its lock file is read. */
  readonly lock?: ClusterLock
}

/**
 * Checks the text of a cluster.yaml. `file` is its path, for messages. Relative paths in the text start at its folder.
 * Other files (the lock file, checksums) are read through `given`. Throws UserErrors.
 */
export function parseClusterFile(text: string, file: string, given: ClusterSources = {}): ClusterSpec {
  const around = surroundings(given)
  const { lock, errors: lockErrors } = lockFor(file, around, given.lock)
  const document = new ClusterDocument(text, file)
  const value = withoutEmptySections(document.value)
  const parsed = checked(value, file)
  const source = { value, source: document.source.bind(document) }
  const findings: Finding[] = withoutEchoes(explainAll(parsed.error?.issues ?? [], source))
  for (const finding of droppedKeys(value, findings)) findings.push(finding)
  const draft = makeDraft(value, [...findings])
  const report = (finding: Finding): void => void findings.push(finding)
  const notes: string[] = []
  const note = (text: string): void => void notes.push(text)

  const checksums = collectChecksums(draft.sections.artifacts.checksums, file, around)
  findings.push(...checksums.findings)
  const known = checksums.complete && draft.sound('spec.artifacts.checksums') ? checksums.checksums : undefined
  for (const check of [
    checkHosts,
    checkEtcd,
    checkEtcdData,
    checkAddresses,
    checkFirewall,
    checkNetwork,
    checkCilium,
    checkPorts,
    checkVersions(known, lock),
    checkPatches,
    checkFeatureGates,
    checkKubeletPolicies,
    checkRollout,
    checkRuntime,
    checkProxy,
    checkLabels,
    checkSources,
  ])
    check(draft, report, note)
  const images = imageArchives(draft.sections.images.archives, file, known, around)
  findings.push(...images.findings)
  const etcd = etcdSpec(draft, file, around, lock, known)
  findings.push(...etcd.findings)
  const authorities = registryAuthorities(draft.sections.runtime.registryCAs, file, around)
  findings.push(...authorities.findings)
  const elsewhere = [...checksums.errors, ...lockErrors]
  if (!parsed.success || findings.length > 0 || elsewhere.length > 0)
    throw new UserErrors(sorted(findings, document, elsewhere))

  const { hosts, ...sections } = parsed.data.spec
  const spec = normalise({
    file,
    name: parsed.data.metadata.name,
    sections,
    hosts,
    checksums: checksums.checksums,
    authorities: authorities.authorities,
    archives: images.archives,
    etcd: etcd.spec,
    lock,
    env: around.env,
    where: path => document.where(path),
  })
  checkFolder(spec, around.kind, report)
  if (findings.length > 0) throw new UserErrors(sorted(findings, document, []))
  return { ...spec, notes: [...notes, ...lockNotes(spec, lock)] }
}

// Errors of the lock file are told together with those of the cluster file.
function lockFor(file: string, around: Surroundings, given: ClusterLock | undefined) {
  try {
    return { lock: given ?? readLock(file, around), errors: [] }
  } catch (error) {
    if (!(error instanceof UserErrors)) throw error
    return { lock: emptyLock, errors: error.errors }
  }
}

/** The lock of a cluster file; an empty one if it has no lock file. Throws UserErrors if the file cannot be used. */
export function readLock(clusterFile: string, given: Partial<Surroundings> = {}): ClusterLock {
  const path = lockPath(clusterFile)
  let text: string
  try {
    text = surroundings(given).readFile(path)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    // A cluster file that is a pipe has nothing beside it.
    if (code === 'ENOENT' || code === 'ENOTDIR') return emptyLock
    throw new UserErrors([badInput({ where: path, problem: `${readFailure(cause)}.`, next: `ls -l ${path}` }, cause)])
  }
  return parseLock(text, path)
}

function checked(value: unknown, file: string): ReturnType<typeof clusterSchema.safeParse> {
  try {
    return clusterSchema.safeParse(value)
  } catch (cause) {
    // zod passes all issues of a mapping as arguments of one call. Too many of them raise a RangeError.
    if (!(cause instanceof RangeError)) throw cause
    const problem = 'So many values of this file are wrong that they cannot be told.'
    throw new UserErrors([badInput({ where: file, problem, next: 'Is it the right file?' }, cause)])
  }
}

// Drops findings that follow from another one: "address is missing" says nothing new beside 'There is no key "adress". Did you mean "address"?'
function withoutEchoes(findings: readonly Finding[]): Finding[] {
  const meant = new Set(
    findings.map(({ path, meant }) => (meant === undefined ? '' : formatPath([...path.slice(0, -1), meant]))),
  )
  return findings.filter(({ path, missing }) => missing !== true || !meant.has(formatPath(path)))
}

// Reports keys named `__proto__`: JavaScript has its own use for that name, and zod silently drops it from mappings.
function droppedKeys(value: unknown, findings: readonly Finding[]): readonly Finding[] {
  const known = new Set(findings.filter(({ path }) => path.at(-1) === '__proto__').map(({ path }) => formatPath(path)))
  const dropped: Finding[] = []
  const look = (inner: unknown, path: Path): void => {
    if (typeof inner !== 'object' || inner === null) return
    for (const [key, below] of Object.entries(inner)) {
      const place = [...path, Array.isArray(inner) ? Number(key) : key]
      if (key === '__proto__' && !known.has(formatPath(place)))
        dropped.push({ path: place, at: 'key', problem: `The key "${key}" cannot be used.` })
      look(below, place)
    }
  }
  look(value, [])
  return dropped
}

/** The text of a cluster file, which may be a pipe. Throws UserErrors. */
export async function readClusterFile(file: string): Promise<string> {
  let bytes: Buffer
  try {
    bytes = await readFileOrPipe(file, localFileBytes.clusterFile, pipePatience)
  } catch (cause) {
    if (cause instanceof LocalFileError && cause.code === 'EFBIG')
      throw new UserErrors([
        badInput({ where: file, problem: 'This file is larger than 8 MiB: it is no cluster.yaml.' }, cause),
      ])
    if (!(cause instanceof Error) || !('code' in cause)) throw cause
    const next: Record<string, string> = {
      ENOENT: `evcctl init ${file}`,
      EISDIR: `Name the file in it: ${join(file, 'cluster.yaml')}`,
    }
    throw new UserErrors([
      badInput(
        { where: file, problem: `${readFailure(cause)}.`, next: next[String(cause.code)] ?? `ls -l ${file}` },
        cause,
      ),
    ])
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new UserErrors([badInput({ where: file, problem: 'This is not a text file in UTF-8.' }, cause)])
  }
}

// A section with every line commented out has the value null. It counts as no section.
function withoutEmptySections(value: unknown): unknown {
  const spec = valueAt(value, ['spec'])
  if (!isMapping(value) || !isMapping(spec)) return value
  const sections = Object.entries(spec).filter(([key, section]) => section !== null || !(key in sectionsSchema.shape))
  return { ...value, spec: Object.fromEntries(sections) }
}

function collectChecksums(
  given: string | readonly string[] | Readonly<Record<string, string>>,
  clusterFile: string,
  { env, readFile }: Surroundings,
) {
  if (isMapping(given))
    return { checksums: given as Readonly<Record<string, string>>, findings: [], errors: [], complete: true }
  const files = typeof given === 'string' ? [given] : given
  const read = files.map((file, index) => {
    const path = ['spec', 'artifacts', 'checksums', ...(typeof given === 'string' ? [] : [index])]
    return readChecksums(localPath(file, clusterFile, env), path, readFile)
  })
  const findings = read.flatMap(part => part.findings)
  const errors = read.flatMap(part => part.errors)
  const checksums = Object.assign({}, ...read.map(part => part.checksums)) as Readonly<Record<string, string>>
  return { checksums, findings, errors, complete: findings.length === 0 && errors.length === 0 }
}

/** The most errors shown for one file. With more it is probably the wrong file, or one mistake repeated everywhere. */
const mostErrors = 50

// Sorts findings in the order of the file, and drops repetitions of the same problem at the same place.
function sorted(
  findings: readonly Finding[],
  document: ClusterDocument,
  more: readonly UserError[],
): readonly UserError[] {
  const placed = findings.map(finding => ({ offset: document.offset(finding), finding }))
  placed.sort((a, b) => a.offset - b.offset)
  const unique = new Map<string, UserError>()
  let left = 0
  for (const { finding } of placed) {
    if (unique.size === mostErrors) {
      left += 1
      continue
    }
    const error = document.error(finding)
    unique.set(error.message, error)
  }
  for (const error of more) unique.set(error.message, error)
  const errors = [...unique.values()]
  return left === 0 ? errors : [...errors, badInput({ where: document.file, problem: `And ${left} more errors.` })]
}
