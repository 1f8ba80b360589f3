import type { ErrorDetails } from '../core/errors.ts'
import type { Change, FieldChange, Resource, StepFailure } from '../core/resource.ts'
import { type ArtifactState, artifactProbe } from './artifact-survey.ts'
import { explainDownload, sizeOf } from './download-failure.ts'
import { type FetchSource, fetchSteps } from './fetch-step.ts'
import { type Install, installScript, modeOf } from './installed-artifact-script.ts'

export interface ArtifactParameters {
  /** Name of the download, e.g. `cni-plugins`; one of each on a host. */
  readonly name: string
  /** Without `v`. */
  readonly version: string
  readonly source: FetchSource
  /** Of the download, not of what is in it. */
  readonly sha256: string
  /** Where it comes from, as a plan shows it: a host name, or `local folder`. */
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
 * Programs of one download. The host downloads it itself (or gets it over SSH, if it is a file of the controller),
 * checks its sha256 before it is opened, and puts every file in place by rename. What was installed is recorded in
 * /var/lib/evcctl/artifacts/<name>; a file that was replaced or edited since is named by the next plan.
 */
export function installedArtifact(parameters: ArtifactParameters): Resource<ArtifactState, ArtifactDesired> {
  const { name, version, source, sha256, site, bytes, install } = parameters
  return {
    kind: 'artifact',
    name,
    probe: artifactProbe(name),
    desired: { version, sha256 },
    diff(current) {
      const origin = [bytes === undefined ? undefined : sizeOf(bytes), `from ${site}`].filter(Boolean).join(' ')
      const note = `${origin}, sha256 ${short(sha256)}`
      if (current === undefined) return { action: 'create', fields: [{ field: 'version', after: version }], note }
      const fields = [
        ...recordChanges(current, version, sha256),
        ...fileChanges(current, wantedPaths(install), modeOf(install)),
      ]
      return fields.length === 0 ? undefined : ({ action: 'update', fields, note } satisfies Change)
    },
    converge() {
      const size = bytes === undefined ? {} : { bytes }
      return fetchSteps({ source, sha256, site, ...size }, installScript(name, version, sha256, install))
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
    if (file.sha256 === undefined) yield { field: file.path, before: 'missing', after: 'installed' }
    else if (file.sha256 !== file.recorded)
      yield { field: file.path, before: `sha256 ${short(file.sha256)}`, after: `sha256 ${short(file.recorded)}` }
    else if (file.mode !== mode) yield { field: `${file.path} mode`, before: file.mode, after: mode }
  }
  for (const path of wanted) {
    if (!current.files.some(file => file.path === path)) yield { field: path, after: 'installed' }
  }
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
      came: said,
      next: 'Free some space there (df -h shows where), then apply again.',
    }
  }
  if (/Not found in archive|there is no program in the archive/.test(said)) {
    return {
      problem: `The archive of ${name} ${version} does not hold what upstream's does.`,
      came: said,
      next: 'Check the build that spec.artifacts.mirror or spec.artifacts.folder gives.',
    }
  }
  return undefined
}
