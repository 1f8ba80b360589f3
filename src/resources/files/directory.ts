import type { ErrorDetails } from '../../core/error-details.ts'
import type { Removal, Resource } from '../../core/resource.ts'
import { quote } from '../../shell/quote.ts'
import {
  explainWrite,
  fieldsOf,
  type Ownership,
  octal,
  ownershipChanges,
  ownershipFormat,
  ownershipOf,
} from '../support/index.ts'

export interface DirectoryParameters {
  /** Absolute path. */
  readonly path: string
  /** Permission bits, e.g. 0o755. */
  readonly mode: number
  /** `user:group`, by name or number. Default `root:root`. */
  readonly owner?: string
  /** Whether everything in it is evcctl's: then it is taken back as a whole. Default false: it stays. */
  readonly own?: boolean
}

export interface DirectoryState {
  /** The type in the words of `stat`; `absent` when there is nothing. */
  readonly type: string
  readonly ownership: Ownership
}

export interface DirectoryDesired {
  readonly mode: number
  readonly owner: string
}

/** A folder with this mode and owner; missing parents are created (root, 0755). A link to a folder counts as the folder. */
export function directory(
  parameters: DirectoryParameters,
): Resource<DirectoryState, DirectoryDesired, { readonly path: string }> {
  const { path, mode, owner = 'root:root', own = false } = parameters
  const at = quote(path)
  return {
    kind: 'folder',
    name: path,
    probe: {
      script: `if [ -e ${at} ]; then stat -L -c 'type=%F\n${ownershipFormat}' ${at}; elif [ -L ${at} ]; then echo 'type=link to nothing'; else echo type=absent; fi`,
      parse(raw) {
        const fields = fieldsOf(raw, ['type'])
        return { type: fields.get('type')!, ownership: ownershipOf(fields) }
      },
    },
    desired: { mode, owner },
    diff(current) {
      if (current.type === 'absent') return { action: 'create', fields: [{ field: 'mode', after: octal(mode) }] }
      if (current.type !== 'directory') {
        const fields = [{ field: 'type', before: current.type, after: 'directory' }]
        return { action: 'update', fields, refused: inTheWay(path, current.type) }
      }
      const fields = ownershipChanges(current.ownership, { mode, owner })
      return fields.length === 0 ? undefined : { action: 'update', fields }
    },
    converge: (_current, desired) => [
      { run: `umask 022\nmkdir -p ${at}\nchown ${quote(desired.owner)} ${at}\nchmod ${octal(desired.mode)} ${at}` },
    ],
    output: current => (current.type === 'directory' ? { path } : undefined),
    ...(own ? { removal: removalOf(path) } : {}),
    explain(failure) {
      if (!/File exists|Not a directory/.test(failure.stderr)) return explainWrite(failure, path)
      return inTheWay(path, failure.stderr.trim())
    },
  }
}

// A link, and what it leads to, is somebody else's.
function removalOf(path: string): Removal<DirectoryState> {
  const at = quote(path)
  return {
    left: ({ type }) => (type === 'directory' ? [{ field: 'type', before: 'directory', after: 'nothing' }] : []),
    steps: () => [{ run: `if [ -L ${at} ]; then rm -f ${at}; else rm -rf --one-file-system ${at}; fi` }],
  }
}

function inTheWay(path: string, actual: string): ErrorDetails {
  return {
    problem: `The folder ${path} cannot be created: something else is in its place.`,
    expected: 'a folder, or nothing',
    actual,
    next: `Look at it and move it away on the host: ls -ld ${quote(path)}`,
  }
}
