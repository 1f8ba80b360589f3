import type { ErrorDetails } from '../../core/error-details.ts'
import type { Change, FieldChange, Resource, StepFailure } from '../../core/resource.ts'
import { quote } from '../../shell/quote.ts'
import { explainWrite } from '../support/index.ts'
import { type ArtifactState, artifactProbe } from './artifact-survey.ts'
import { explainDownload, sizeOf } from './download-failure.ts'
import { type FetchSource, fetchSteps } from './fetch-step.ts'
import { anotherMachine, type Install, installScript, modeOf, removeScript } from './installed-artifact-script.ts'

export interface ArtifactParameters {
  /** Name of the download, e.g. `cni-plugins`; unique on a host. */
  readonly name: string
  /** Without `v`. */
  readonly version: string
  readonly source: FetchSource
  /** The sha256 of the download, not of its content. */
  readonly sha256: string
  /** The source that the plan shows: a host name, or `local folder`. */
  readonly site: string
  /** Size of the download, where known. */
  readonly bytes?: number
  readonly install: Install
}

export interface ArtifactDesired {
  readonly version: string
  readonly sha256: string
}

/**
 * Programs of one download. The host downloads it (or receives it over SSH, if it is a file of the controller), checks its
 * sha256 before it opens it, and puts every file in place by rename. /var/lib/evcctl/artifacts/<name> records what was
 * installed. The next plan names a file that was replaced or edited since, and a file of somebody else that stands where
 * one of these has to be.
 */
export function installedArtifact(parameters: ArtifactParameters): Resource<ArtifactState, ArtifactDesired> {
  const { name, version, source, sha256, site, bytes, install } = parameters
  return {
    kind: 'artifact',
    name,
    probe: artifactProbe(name, lookedAt(install)),
    desired: { version, sha256 },
    diff(current) {
      const origin = [bytes === undefined ? undefined : sizeOf(bytes), `from ${site}`].filter(Boolean).join(' ')
      const note = `${origin}, sha256 ${short(sha256)}`
      const created = { field: 'version', after: version }
      if (current === undefined) return { action: 'create', fields: [created], note }
      const replaced = otherChanges(current, install, sha256)
      const refused = folderInTheWay(current, wantedPaths(install))
      const fields =
        current.version === undefined
          ? [created, ...replaced]
          : [
              ...recordChanges(current, version, sha256),
              ...fileChanges(current, wantedPaths(install), modeOf(install)),
              ...replaced,
            ]
      if (fields.length === 0) return undefined
      const change: Change = { action: current.version === undefined ? 'create' : 'update', fields, note }
      return refused === undefined ? change : { ...change, refused }
    },
    converge() {
      const size = bytes === undefined ? {} : { bytes }
      return fetchSteps({ source, sha256, site, ...size }, installScript(name, version, sha256, install))
    },
    removal: {
      left: current =>
        current?.version === undefined ? [] : [{ field: 'version', before: current.version, after: 'nothing' }],
      steps: () => [{ run: removeScript(name) }],
    },
    explain(failure) {
      const from = 'url' in source ? source : { url: `file:${source.file}` }
      return explainDownload(failure, { ...from, sha256, site }) ?? explainInstall(failure, name, version)
    },
  }
}

function* recordChanges(current: NonNullable<ArtifactState>, version: string, sha256: string): Iterable<FieldChange> {
  if (current.version !== version) yield { field: 'version', before: current.version, after: version }
  else if (current.archive !== sha256) yield { field: 'sha256', before: short(current.archive), after: short(sha256) }
}

function* fileChanges(
  current: NonNullable<ArtifactState>,
  wanted: readonly string[],
  mode: string,
): Iterable<FieldChange> {
  for (const file of current.files) {
    if (wanted.length > 0 && !wanted.includes(file.path)) continue
    if (file.sha256 === undefined) {
      yield { field: file.path, before: file.mode === undefined ? 'missing' : 'not a file', after: 'installed' }
    } else if (file.sha256 !== file.recorded)
      yield { field: file.path, before: `sha256 ${short(file.sha256)}`, after: `sha256 ${short(file.recorded)}` }
    else if (file.mode !== mode) yield { field: `${file.path} mode`, before: file.mode ?? '', after: mode }
  }
  for (const path of wanted) {
    const isThere = [...current.files, ...current.others].some(file => file.path === path)
    if (!isThere) yield { field: path, after: 'installed' }
  }
}

// The record lists all files of this artifact, so other files in a shared folder do not matter.
function* otherChanges(
  { version, others }: NonNullable<ArtifactState>,
  install: Install,
  sha256: string,
): Iterable<FieldChange> {
  if ('folder' in install) {
    const count = others.filter(({ isFolder }) => !isFolder).length
    if (version === undefined && count > 0)
      yield {
        field: install.folder,
        before: count === 1 ? '1 file of unknown origin' : `${count} files of unknown origin`,
        after: 'those of the same names are replaced',
      }
    return
  }
  for (const { path, sha256: now } of others) {
    if (!('members' in install) && now === sha256) continue
    yield {
      field: path,
      before: `a file of unknown origin${now === undefined ? '' : `, sha256 ${short(now)}`}`,
      after: 'replaced',
    }
  }
}

// For a whole folder, only the files of the version before are known by name.
function folderInTheWay(
  { files, others }: NonNullable<ArtifactState>,
  wanted: readonly string[],
): ErrorDetails | undefined {
  const places = wanted.length > 0 ? wanted : files.map(({ path }) => path)
  const inTheWay = others.find(({ path, isFolder }) => isFolder && places.includes(path))
  if (inTheWay === undefined) return undefined
  return {
    problem: `${inTheWay.path} is a folder.`,
    expected: 'a program, or nothing',
    actual: 'a folder',
    next: `Look at it and move it away on the host, then apply again: ls -la ${quote(inTheWay.path)}`,
  }
}

function lookedAt(install: Install): readonly string[] {
  return 'folder' in install ? [`${install.folder}/`] : wantedPaths(install)
}

// The members of a whole folder are only known from the archive.
function wantedPaths(install: Install): readonly string[] {
  if ('data' in install) return [install.data]
  if ('binary' in install) return [install.binary]
  return 'members' in install ? Object.values(install.members) : []
}

function short(sha256: string): string {
  return `${sha256.slice(0, 8)}…`
}

function explainInstall(failure: StepFailure, name: string, version: string): ErrorDetails | undefined {
  const said = failure.stderr.trim()
  if (/No space left on device/.test(said)) {
    return {
      problem: `The disk of the host is full: ${name} ${version} could not be unpacked.`,
      actual: said,
      next: 'Free some space there (df -h shows where), then apply again.',
    }
  }
  if (/cannot overwrite directory|File exists|Is a directory/.test(said)) {
    return {
      problem: `${name} ${version} could not be installed: there is a folder where a file has to be, or a file where a folder has to be.`,
      actual: said,
      next: 'Look at it and move it away on the host, then apply again.',
    }
  }
  if (said.includes(anotherMachine)) {
    return {
      problem: `${name} ${version} cannot run on this host: it was built for another architecture. The installed files were not changed.`,
      actual: said,
      next: 'Check the build in spec.artifacts.mirror or spec.artifacts.folder, and its checksum.',
    }
  }
  if (/Not found in archive|there is no program in the archive/.test(said)) {
    return {
      problem: `The archive of ${name} ${version} lacks files that upstream's archive has.`,
      actual: said,
      next: 'Check the build in spec.artifacts.mirror or spec.artifacts.folder.',
    }
  }
  return explainWrite(failure, `${name} ${version}`)
}
