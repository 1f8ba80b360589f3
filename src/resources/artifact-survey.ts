import { longProbeMs } from '../core/limits.ts'
import type { Probe, ProbeResult, Survey } from '../core/resource.ts'
import { surveyProbe } from '../core/survey.ts'
import { quoteAll } from '../shell/quote.ts'
import { artifactsFolder, lookFormat } from './installed-artifact-script.ts'
import { linesOf, unreadable } from './probe-output.ts'

export interface InstalledFile {
  readonly path: string
  /** As it was installed. */
  readonly recorded: string
  /** As it is now; undefined when it is gone. */
  readonly sha256: string | undefined
  /** Permission bits in octal, e.g. `755`. */
  readonly mode: string
}

/** What is installed of an artifact; undefined: nothing that evcctl installed. */
export type ArtifactState =
  | { readonly version: string; readonly archive: string; readonly files: readonly InstalledFile[] }
  | undefined

/** What was installed of an artifact, and what became of its files since. */
export function artifactProbe(name: string): Probe<ArtifactState> {
  return surveyProbe({
    asks: [{ survey: artifactSurvey, subjects: [name] }],
    parse: raw => parseArtifact(raw, name),
  })
}

// All files of all artifacts in one look. A file is hashed only where its inode, size, mode or change time are not the
// recorded ones. Records are taken as a whole: the shell's own read would take them byte by byte.
const artifactSurvey: Survey = {
  name: 'artifacts',
  timeoutMs: longProbeMs,
  script: subjects => `lf='
' IFS='
'
set --
for name in ${quoteAll(subjects)}; do
  if [ ! -f ${artifactsFolder}/"$name" ]; then echo "absent=$name"; continue; fi
  echo "there=$name"
  set -- "$@" ${artifactsFolder}/"$name"
done
if [ $# = 0 ]; then exit 0; fi
set -f
records=$(grep -H '' -- "$@")
recorded=
set --
for line in $records; do
  case $line in *:file=*) ;; *) continue ;; esac
  line=\${line#*:file=* }
  recorded=$recorded$lf$line
  set -- "$@" "/\${line#*/}"
done
if [ $# -gt 0 ]; then looked=$(TZ=UTC0 stat -c '${lookFormat} %n' -- "$@" 2>/dev/null); else looked=; fi
printf '%s\\n' "$records" "$looked"
if [ "$lf$looked" = "$recorded" ]; then exit 0; fi
set --
for line in $records; do
  case $line in *:file=*) ;; *) continue ;; esac
  line=\${line#*:file=* }
  path=/\${line#*/}
  case $lf$looked$lf in *"$lf$line$lf"*) ;; *) if [ -f "$path" ]; then set -- "$@" "$path"; fi ;; esac
done
if [ $# -gt 0 ]; then sha256sum -- "$@"; fi
`,
}

function parseArtifact(raw: ProbeResult, name: string): ArtifactState {
  if (linesOf(raw, 'absent').includes(name)) return undefined
  if (!linesOf(raw, 'there').includes(name)) throw unreadable(raw, `the record of ${name}`)
  const lines = raw.stdout.split('\n')
  const record = lines.flatMap(line => {
    const [, of, key = '', value = ''] = /^\/[^:]*\/([^/:]+):([a-z]+)=(.*)$/.exec(line) ?? []
    return of === name ? [{ key, value }] : []
  })
  const looks = new Map(pairs(lines, /^(\d+:\d+:\d+:.*?) (\/.*)$/))
  const hashes = new Map(pairs(lines, /^([0-9a-f]{64}) {2}(\/.*)$/))
  const field = (wanted: string) => record.find(({ key }) => key === wanted)?.value ?? ''
  const files = record.flatMap(({ key, value }) => {
    const [, recorded = '', before = '', path = ''] = /^(\S+) (.*?) (\/.*)$/.exec(value) ?? []
    if (key !== 'file') return []
    const now = looks.get(path)
    return [{ path, recorded, sha256: now === before ? recorded : hashes.get(path), mode: now?.split(':')[0] ?? '-' }]
  })
  return { version: field('version'), archive: field('archive'), files }
}

// Path → what stands before it.
function pairs(lines: readonly string[], pattern: RegExp): readonly (readonly [string, string])[] {
  return lines.flatMap(line => {
    const [, value = '', path = ''] = pattern.exec(line) ?? []
    return path === '' ? [] : [[path, value] as const]
  })
}
