import type { FieldChange, ProbeResult, Resource } from '../../core/resource.ts'
import { quote, quoteAll } from '../../shell/quote.ts'
import { beforePath, linesOf, recordBefore } from '../support/index.ts'

export interface FoldersBeforeParameters {
  /** Absolute paths of folders and files that the programs of a node make for themselves. */
  readonly paths: readonly string[]
}

/** What was at a path: nothing, an empty folder (e.g. a mount point), or something that belongs to somebody else. */
type Was = 'nothing' | 'empty' | 'something'

export interface FoldersBeforeState {
  /** What was there before evcctl, by path; undefined if that was not recorded. A path that is missing was not on the list. */
  readonly before: ReadonlyMap<string, Was> | undefined
  /** What is there now. */
  readonly now: ReadonlyMap<string, Was>
}

const subject = 'folders'

/**
 * The record of which folders a host had before its programs were installed. What was not there before goes with everything
 * in it when it is taken back, and a folder that was empty becomes empty again; what had something in it, or is not on record,
 * stays. It has to be declared before all that makes such a folder. A path that is added to the list later is not on record.
 */
export function foldersBefore({ paths }: FoldersBeforeParameters): Resource<FoldersBeforeState, Record<never, never>> {
  const list = [...new Set(paths)].sort()
  return {
    kind: 'record',
    name: 'folders',
    title: 'record of folders',
    probe: { script: probeScript(list), parse: raw => parse(raw, list) },
    desired: {},
    volatile: ['now'],
    diff({ before, now }) {
      if (before !== undefined) return undefined
      const found = [...now].flatMap(([path, was]) => (was === 'something' ? [path] : []))
      return {
        action: 'create',
        fields: [{ field: 'there before', after: found.length === 0 ? 'nothing of a node' : found.join(', ') }],
      }
    },
    converge: ({ now }) => [
      { run: recordBefore(subject), stdin: [...now].map(([path, was]) => `${was} ${path}\n`).join('') },
    ],
    removal: {
      left: state => [
        ...pathsTo(state, 'nothing').map((path): FieldChange => ({ field: path, before: 'there', after: 'nothing' })),
        ...pathsTo(state, 'empty').map((path): FieldChange => ({ field: path, before: 'in use', after: 'empty' })),
      ],
      steps: state => [{ run: removeScript(state), timeoutMs: 10 * 60_000 }],
    },
    explain: failure => ({
      problem: 'What the programs of the node have left could not be removed.',
      actual: failure.stderr.trim(),
      next: 'Find out what uses it (fuser -vm, findmnt), then run the same command again.',
    }),
  }
}

// A file system of its own has lost+found from the beginning.
function probeScript(paths: readonly string[]): string {
  const record = quote(beforePath(subject))
  return `for path in ${quoteAll(paths)}; do
  if [ ! -e "$path" ] && [ ! -L "$path" ]; then continue; fi
  found=something
  if [ -d "$path" ] && [ ! -L "$path" ]; then
    found=empty
    for entry in "$path"/* "$path"/.[!.]*; do
      case $entry in */lost+found) ;; *) if [ -e "$entry" ] || [ -L "$entry" ]; then found=something; break; fi ;; esac
    done
  fi
  printf 'now=%s %s\\n' "$found" "$path"
done
if [ -f ${record} ]; then echo recorded=yes; sed 's/^/before=/' ${record}; fi
`
}

function parse(raw: ProbeResult, paths: readonly string[]): FoldersBeforeState {
  const now = entriesOf(linesOf(raw, 'now'))
  const before = linesOf(raw, 'recorded').length === 0 ? undefined : entriesOf(linesOf(raw, 'before'))
  return { before, now: new Map(paths.map(path => [path, now.get(path) ?? 'nothing'])) }
}

function entriesOf(lines: readonly string[]): ReadonlyMap<string, Was> {
  return new Map(
    lines.flatMap(line => {
      const at = line.indexOf(' ')
      const was = line.slice(0, at)
      return was === 'nothing' || was === 'empty' || was === 'something' ? [[line.slice(at + 1), was] as const] : []
    }),
  )
}

// A folder that was made and is still empty is no folder in use.
function pathsTo({ before, now }: FoldersBeforeState, was: 'nothing' | 'empty'): readonly string[] {
  return [...now].flatMap(([path, is]) => {
    const isLeft = was === 'nothing' ? is !== 'nothing' : is === 'something'
    return before?.get(path) === was && isLeft ? [path] : []
  })
}

// Mounts inside go first, the deepest before the others, so that nothing is removed through one.
function removeScript(state: FoldersBeforeState): string {
  const [gone, emptied] = [pathsTo(state, 'nothing'), pathsTo(state, 'empty')]
  return `for path in ${quoteAll([...gone, ...emptied])}; do
  awk -v below="$path/" 'index($5, below) == 1 { print $5 }' /proc/self/mountinfo | sort -r | while IFS= read -r mount; do
    umount -- "$(printf '%b' "$mount")"
  done
done
${gone.length === 0 ? '' : `rm -rf --one-file-system -- ${quoteAll(gone)}\n`}${
  emptied.length === 0
    ? ''
    : `find ${quoteAll(emptied)} -xdev -mindepth 1 -maxdepth 1 ! -name lost+found -exec rm -rf --one-file-system -- {} +\n`
}`
}
