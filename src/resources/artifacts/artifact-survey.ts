import { longProbeMs, surveyBytes } from '../../core/limits.ts'
import type { Probe, ProbeResult, Survey } from '../../core/resource.ts'
import { surveyProbe } from '../../core/survey.ts'
import { quote, quoteAll } from '../../shell/quote.ts'
import { linesOf, unreadable } from '../support/index.ts'
import { artifactsFolder, lookFormat } from './installed-artifact-script.ts'

export interface InstalledFile {
  readonly path: string
  /** The file as it was installed. */
  readonly recorded: string
  /** The file as it is now; undefined when there is none. */
  readonly sha256: string | undefined
  /** Permission bits of the file now, in octal, e.g. `755`; undefined when there is none. */
  readonly mode: string | undefined
}

/** A file that is in no record of evcctl, or any folder, at a path where something is to be installed. */
export interface OtherFile {
  readonly path: string
  readonly isFolder: boolean
  /** Undefined if it is not a file, e.g. a link to nothing. */
  readonly sha256: string | undefined
}

/** What the host has of an artifact; undefined: nothing at all. */
export type ArtifactState =
  | {
      /** The record of the installation; undefined: evcctl installed nothing, so there is no archive and there are no files. */
      readonly version: string | undefined
      readonly archive: string
      readonly files: readonly InstalledFile[]
      readonly others: readonly OtherFile[]
    }
  | undefined

/**
 * The record of an installed artifact, the current state of its files, and whatever else stands at `paths`. A path that
 * ends in a slash stands for everything in that folder.
 */
export function artifactProbe(name: string, paths: readonly string[]): Probe<ArtifactState> {
  return surveyProbe({
    asks: [{ survey: artifactSurvey, subjects: [name, ...paths] }],
    parse: raw => parseArtifact(raw, name, paths),
  })
}

// One look at all files of all artifacts. A file is hashed only if its inode, size, mode or change time differ from the
// record. Records are read whole: the shell's own read would read them byte by byte. Subjects with a slash are paths.
const artifactSurvey: Survey = {
  name: 'artifacts',
  timeoutMs: longProbeMs,
  maxBytes: surveyBytes,
  script: subjects => `lf='
' IFS='
'
set --
for name in ${quoteAll(subjects.filter(subject => !subject.startsWith('/')))}; do
  if [ ! -f ${artifactsFolder}/"$name" ]; then echo "absent=$name"; continue; fi
  echo "there=$name"
  set -- "$@" ${artifactsFolder}/"$name"
done
set -f
records= recorded= looked=
if [ $# -gt 0 ]; then
  records=$(grep -H '' -- "$@")
  set --
  for line in $records; do
    case $line in *:file=*) ;; *) continue ;; esac
    line=\${line#*:file=* }
    recorded=$recorded$lf$line
    set -- "$@" "/\${line#*/}"
  done
  if [ $# -gt 0 ]; then looked=$(TZ=UTC0 stat -c '${lookFormat} %n' -- "$@" 2>/dev/null); fi
  printf '%s\\n' "$records" "$looked"
fi
set --
if [ "$lf$looked" != "$recorded" ]; then
  for line in $records; do
    case $line in *:file=*) ;; *) continue ;; esac
    line=\${line#*:file=* }
    path=/\${line#*/}
    case $lf$looked$lf in *"$lf$line$lf"*) ;; *) if [ -f "$path" ]; then set -- "$@" "$path"; fi ;; esac
  done
fi
set +f
other() {
  if [ -d "$1" ] && [ ! -L "$1" ]; then echo "folder=$1"; return 1; fi
  case $lf$records$lf in *" $1$lf"*) return 1 ;; esac
  if [ -e "$1" ] || [ -L "$1" ]; then echo "other=$1"; fi
  [ -f "$1" ]
}
for path in ${quoteAll(subjects.filter(isFile))}; do
  if other "$path"; then set -- "$@" "$path"; fi
done
# What is in a whole folder may be large, and is only counted.
for path in ${subjects
    .filter(isFolder)
    .map(folder => `${quote(folder)}*`)
    .join(' ')}; do other "$path" || :; done
if [ $# -gt 0 ]; then sha256sum -- "$@"; fi
`,
}

function isFolder(subject: string): boolean {
  return subject.startsWith('/') && subject.endsWith('/')
}

function isFile(subject: string): boolean {
  return subject.startsWith('/') && !subject.endsWith('/')
}

function parseArtifact(raw: ProbeResult, name: string, paths: readonly string[]): ArtifactState {
  const lines = raw.stdout.split('\n')
  const hashes = new Map(pairs(lines, /^([0-9a-f]{64}) {2}(\/.*)$/))
  const isWanted = (path: string) => paths.some(one => (one.endsWith('/') ? path.startsWith(one) : path === one))
  const others = ['other', 'folder'].flatMap(kind =>
    linesOf(raw, kind)
      .filter(isWanted)
      .map(path => ({ path, isFolder: kind === 'folder', sha256: hashes.get(path) })),
  )
  if (linesOf(raw, 'absent').includes(name))
    return others.length === 0 ? undefined : { version: undefined, archive: '', files: [], others }
  if (!linesOf(raw, 'there').includes(name)) throw unreadable(raw, `the record of ${name}`)
  const record = lines.flatMap(line => {
    const [, of, key = '', value = ''] = /^\/[^:]*\/([^/:]+):([a-z]+)=(.*)$/.exec(line) ?? []
    return of === name ? [{ key, value }] : []
  })
  const looks = new Map(pairs(lines, /^(\d+:\d+:\d+:.*?) (\/.*)$/))
  const field = (wanted: string) => record.find(({ key }) => key === wanted)?.value ?? ''
  const files = record.flatMap(({ key, value }) => {
    const [, recorded = '', before = '', path = ''] = /^(\S+) (.*?) (\/.*)$/.exec(value) ?? []
    if (key !== 'file') return []
    const now = looks.get(path)
    return [{ path, recorded, sha256: now === before ? recorded : hashes.get(path), mode: now?.split(':')[0] }]
  })
  return { version: field('version'), archive: field('archive'), files, others }
}

// Path → what is there now.
function pairs(lines: readonly string[], pattern: RegExp): readonly (readonly [string, string])[] {
  return lines.flatMap(line => {
    const [, value = '', path = ''] = pattern.exec(line) ?? []
    return path === '' ? [] : [[path, value] as const]
  })
}
