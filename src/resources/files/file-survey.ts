import { createHash } from 'node:crypto'
import { dirname } from 'node:path/posix'
import { surveyBytes } from '../../core/limits.ts'
import type { Probe, ProbeResult, Survey } from '../../core/resource.ts'
import { surveyProbe } from '../../core/survey.ts'
import { quote, quoteAll } from '../../shell/quote.ts'
import { linesOf, type Ownership, parsedOnce, unreadable } from '../support/index.ts'

/** The probe reads the content of files up to this size, so that a plan can show the lines that change. */
const largestShown = 256 * 1024

export interface FileState {
  /** The type in the words of `stat`; `absent` when there is nothing. */
  readonly type: string
  readonly parentExists: boolean
  /** Whether it is a folder that is not empty. */
  readonly isFilled: boolean
  readonly ownership: Ownership
  /** Bytes. */
  readonly size: number
  readonly sha256: string
  /** Undefined for secret, large and binary files. */
  readonly content: string | undefined
}

/** The file, or whatever else is there, at `path`. The content of a `secret` file stays on the host. */
export function fileProbe(path: string, secret: boolean): Probe<FileState> {
  return surveyProbe({
    asks: [{ survey: fileSurvey, subjects: [secret ? `${secretly}${path}` : path] }],
    parse: raw => parseFile(raw, path),
  })
}

const secretly = 'secret '

// One stat, one sha256sum and one base64 for all files of a host: one process for each file would take most of the time of
// a plan. The contents come last, one after the other; their sizes tell where each of them ends.
const fileSurvey: Survey = {
  name: 'files',
  maxBytes: surveyBytes,
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
  elif [ -d "$path" ] && [ -n "$(ls -A -- "$path" | head -n 1)" ]; then printf 'filled=%s\\n' "$path"
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

/** The output of the survey, for all its subjects. */
interface Listing {
  readonly folders: ReadonlySet<string>
  readonly absent: ReadonlySet<string>
  readonly filled: ReadonlySet<string>
  /** Path → `<size>|<mode>|<ids>|<owner>|<type>`. */
  readonly stats: ReadonlyMap<string, string>
  /** A line `<target>|<path>` each. */
  readonly links: readonly string[]
  /** Path as sha256sum prints it → hash. */
  readonly hashes: ReadonlyMap<string, string>
  /** Path → position of its bytes in `contents`. */
  readonly shown: ReadonlyMap<string, { readonly from: number; readonly size: number }>
  readonly contents: Buffer
}

// Each file of a host has a task of its own, and all tasks read the same answer: it is parsed once.
const listingOf = parsedOnce((raw): Listing => {
  const stats = linesOf(raw, 'stat').map(line => /^((?:[^|]*\|){4}[^|]*)\|(.*)$/.exec(line))
  const hashes = raw.stdout.split('\n').map(line => /^(\\?)([0-9a-f]{64}) {2}(.*)$/.exec(line))
  const shown = new Map<string, { readonly from: number; readonly size: number }>()
  let from = 0
  for (const line of linesOf(raw, 'shown')) {
    const size = Number(line.slice(0, line.indexOf('|')))
    shown.set(line.slice(line.indexOf('|') + 1), { from, size })
    from += size
  }
  const before = '\ncontents\n'
  const at = raw.stdout.indexOf(before)
  return {
    folders: new Set(linesOf(raw, 'folder')),
    absent: new Set(linesOf(raw, 'absent')),
    filled: new Set(linesOf(raw, 'filled')),
    stats: new Map(stats.flatMap(match => (match === null ? [] : [[match[2]!, match[1]!] as const]))),
    links: linesOf(raw, 'link'),
    hashes: new Map(hashes.flatMap(match => (match === null ? [] : [[`${match[1]}${match[3]}`, match[2]!] as const]))),
    shown,
    contents: Buffer.from(at < 0 ? '' : raw.stdout.slice(at + before.length), 'base64'),
  }
})

function parseFile(raw: ProbeResult, path: string): FileState {
  const listing = listingOf(raw)
  const parentExists = listing.folders.has(dirname(path))
  const stat = listing.stats.get(path)
  if (stat === undefined) {
    if (!listing.absent.has(path)) throw unreadable(raw, `a line for ${path}`)
    const nothing = { mode: Number.NaN, owner: '', ids: '' }
    return {
      type: 'absent',
      parentExists,
      isFilled: false,
      ownership: nothing,
      size: 0,
      sha256: '',
      content: undefined,
    }
  }
  const [size, mode, ids = '', owner = '', type = ''] = stat.split('|')
  const target = targetOf(listing, path)
  const sha256 = hashOf(listing, path)
  return {
    type: target === undefined ? type : `symbolic link to ${target}`,
    parentExists,
    isFilled: listing.filled.has(path),
    ownership: { mode: Number.parseInt(mode ?? '', 8), owner, ids },
    size: Number(size),
    sha256,
    content: contentOf(listing, path, sha256),
  }
}

// Both target and path may contain any character.
function targetOf({ links }: Listing, path: string): string | undefined {
  return links.find(line => line.endsWith(`|${path}`))?.slice(0, -path.length - 1)
}

// sha256sum puts a backslash before a line in which it had to escape the path.
function hashOf({ hashes }: Listing, path: string): string {
  return hashes.get(path) ?? hashes.get(`\\${path.replaceAll('\\', '\\\\')}`) ?? ''
}

// A file that grows during the probe shifts the contents after it: bytes that do not match their hash are ignored.
function contentOf({ shown, contents }: Listing, path: string, sha256: string): string | undefined {
  const place = shown.get(path)
  if (place === undefined) return undefined
  const bytes = contents.subarray(place.from, place.from + place.size)
  return createHash('sha256').update(bytes).digest('hex') === sha256 ? textOf(bytes) : undefined
}

function textOf(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}
