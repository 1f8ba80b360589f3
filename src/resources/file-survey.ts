import { createHash } from 'node:crypto'
import { dirname } from 'node:path/posix'
import type { Probe, ProbeResult, Survey } from '../core/resource.ts'
import { surveyProbe } from '../core/survey.ts'
import { quote, quoteAll } from '../shell/quote.ts'
import type { Ownership } from './ownership.ts'
import { linesOf, unreadable } from './probe-output.ts'

/** Files up to this size come back whole, so that a plan can show the lines that change. */
const largestShown = 256 * 1024

export interface FileState {
  /** As `stat` names it; `absent` when there is nothing. */
  readonly type: string
  readonly parentExists: boolean
  readonly ownership: Ownership
  /** Bytes. */
  readonly size: number
  readonly sha256: string
  /** Undefined for secret, large and binary files. */
  readonly content: string | undefined
}

/** What is at `path`. The content of a `secret` file stays where it is. */
export function fileProbe(path: string, secret: boolean): Probe<FileState> {
  return surveyProbe({
    asks: [{ survey: fileSurvey, subjects: [secret ? `${secretly}${path}` : path] }],
    parse: raw => parseFile(raw, path),
  })
}

const secretly = 'secret '

// One stat, one sha256sum and one base64 for all files of a host: a process each would be most of what a plan costs there.
// The contents come last, one after the other; their sizes tell where each of them ends.
const fileSurvey: Survey = {
  name: 'files',
  script(subjects) {
    const shown = subjects.filter(subject => !subject.startsWith(secretly))
    const paths = [...new Set(subjects.map(subject => subject.replace(secretly, '')))]
    return `lf='
' IFS='
'
set -f
for folder in ${quoteAll([...new Set(paths.map(path => dirname(path)))])}; do
  if [ -d "$folder" ]; then printf 'folder=%s\\n' "$folder"; fi
done
set -- ${quoteAll(paths)}
for path do
  if [ ! -e "$path" ] && [ ! -L "$path" ]; then printf 'absent=%s\\n' "$path"; fi
done
found=$(stat -c '%s|%a|%u:%g|%U:%G|%F|%n' -- "$@" 2>/dev/null)
set --
for line in $found; do
  printf 'stat=%s\\n' "$line"
  path=\${line#*|*|*|*|*|}
  if [ -L "$path" ]; then printf 'link=%s|%s\\n' "$(readlink -- "$path")" "$path"
  elif [ -f "$path" ]; then set -- "$@" "$path"
  fi
done
if [ $# -gt 0 ]; then sha256sum -- "$@"; fi
shown=$lf${quote(shown.join('\n'))}$lf
set --
for line in $found; do
  path=\${line#*|*|*|*|*|}
  case $shown in *"$lf$path$lf"*) ;; *) continue ;; esac
  if [ -f "$path" ] && [ ! -L "$path" ] && [ "\${line%%|*}" -le ${largestShown} ]; then
    printf 'shown=%s|%s\\n' "\${line%%|*}" "$path"
    set -- "$@" "$path"
  fi
done
echo contents
if [ $# -gt 0 ]; then cat -- "$@" | base64; fi
`
  },
}

function parseFile(raw: ProbeResult, path: string): FileState {
  const parentExists = linesOf(raw, 'folder').includes(dirname(path))
  const stat = valueFor(linesOf(raw, 'stat'), path)
  if (stat === undefined) {
    if (!linesOf(raw, 'absent').includes(path)) throw unreadable(raw, `a line for ${path}`)
    const nothing = { mode: Number.NaN, owner: '', ids: '' }
    return { type: 'absent', parentExists, ownership: nothing, size: 0, sha256: '', content: undefined }
  }
  const [size, mode, ids = '', owner = '', type = ''] = stat.split('|')
  const target = valueFor(linesOf(raw, 'link'), path)
  const sha256 = hashOf(raw, path)
  return {
    type: target === undefined ? type : `symbolic link to ${target}`,
    parentExists,
    ownership: { mode: Number.parseInt(mode ?? '', 8), owner, ids },
    size: Number(size),
    sha256,
    content: contentOf(raw, path, sha256),
  }
}

// Of `<value>|<path>`; a path may have any character in it.
function valueFor(lines: readonly string[], path: string): string | undefined {
  return lines.find(line => line.endsWith(`|${path}`))?.slice(0, -path.length - 1)
}

// sha256sum puts a backslash before a line in which it had to escape the path.
function hashOf({ stdout }: ProbeResult, path: string): string {
  const escaped = `  ${path.replaceAll('\\', '\\\\')}`
  for (const line of stdout.split('\n')) {
    if (line.slice(64) === `  ${path}`) return line.slice(0, 64)
    if (line.startsWith('\\') && line.slice(65) === escaped) return line.slice(1, 65)
  }
  return ''
}

// A file that was written to meanwhile moves those after it: what does not have its hash is not believed.
function contentOf(raw: ProbeResult, path: string, sha256: string): string | undefined {
  let from = 0
  for (const line of linesOf(raw, 'shown')) {
    const size = Number(line.slice(0, line.indexOf('|')))
    if (line.slice(line.indexOf('|') + 1) === path) {
      const [, base64 = ''] = raw.stdout.split('\ncontents\n')
      const bytes = Buffer.from(base64, 'base64').subarray(from, from + size)
      return createHash('sha256').update(bytes).digest('hex') === sha256 ? textOf(bytes) : undefined
    }
    from += size
  }
  return undefined
}

function textOf(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}
