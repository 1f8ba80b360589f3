import { createHash } from 'node:crypto'
import { dirname } from 'node:path/posix'
import type { ErrorDetails } from '../../core/error-details.ts'
import { isUnknown, type Output, type Unknown } from '../../core/output.ts'
import type { FieldChange, Resource, Step } from '../../core/resource.ts'
import { Secret } from '../../core/secret.ts'
import { quote } from '../../shell/quote.ts'
import { explainWrite, ownershipChanges } from '../support/index.ts'
import { type FileState, fileProbe } from './file-survey.ts'

export interface FileParameters {
  /** Absolute path. */
  readonly path: string
  /** The whole content. */
  readonly content: string | Secret | Output<string> | Output<Secret> | Output<string | Secret>
  /** Permission bits, e.g. 0o644. */
  readonly mode: number
  /** `user:group`, by name or number. Default `root:root`. */
  readonly owner?: string
  /**
   * The content is never read back, only its sha256. Default: whether `content` is a Secret. It has to be set when an Output
   * provides the content, since the probe is built before the value is known.
   */
  readonly secret?: boolean
}

export interface FileDesired {
  readonly content: string | Secret
  readonly mode: number
  readonly owner: string
}

/**
 * A regular file with this content, mode and owner, replaced atomically. A missing parent folder is created (root, 0755);
 * use `directory` where the parent needs other rights. A symbolic link at the path is replaced, and its target stays. An
 * empty folder is removed; any other folder is refused.
 */
export function file(parameters: FileParameters): Resource<FileState, FileDesired, { readonly path: string }> {
  const { path, content, mode, owner = 'root:root' } = parameters
  const secret = parameters.secret ?? content instanceof Secret
  return {
    kind: 'file',
    name: path,
    title: path,
    probe: fileProbe(path, secret),
    desired: { content: content as string | Secret | Output<string | Secret>, mode, owner },
    diff(current, desired) {
      const wanted = { mode: desired.mode as number, owner: desired.owner as string }
      if (current.type === 'absent') return { action: 'create', fields: [{ field: 'content', after: desired.content }] }
      const fields: FieldChange[] = []
      const refused = current.isFilled ? inTheWay(path, 'a folder with something in it') : undefined
      if (!isRegular(current)) fields.push({ field: 'type', before: current.type, after: 'regular file' })
      if (!isRegular(current) || !hasContent(current, desired.content)) {
        fields.push({ field: 'content', before: describe(current), after: desired.content })
      }
      if (isRegular(current)) fields.push(...ownershipChanges(current.ownership, wanted))
      if (fields.length === 0) return undefined
      return { action: 'update', fields, ...(refused !== undefined && { refused }) }
    },
    converge(current, desired) {
      const steps: Step[] = []
      if (current.type === 'directory') steps.push({ run: removeFolder(path) })
      if (!current.parentExists) steps.push({ run: `umask 022\nmkdir -p ${quote(dirname(path))}` })
      steps.push({ write: path, content: desired.content, mode: desired.mode, owner: desired.owner })
      return steps
    },
    output: current => (isRegular(current) ? { path } : undefined),
    removal: {
      // Whatever else stands at the path does not belong to evcctl.
      left: current => (isRegular(current) ? [{ field: 'content', before: describe(current), after: 'nothing' }] : []),
      steps: () => [{ run: `rm -f ${quote(path)}\n${removeDropInFolder(path)}` }],
    },
    explain(failure) {
      const said = failure.stderr.trim()
      if (/^rmdir: |is a directory$/m.test(said)) return inTheWay(path, said)
      if (!/^mkdir: .*(File exists|Not a directory)/m.test(said)) return explainWrite(failure, path)
      return {
        problem: `${path} cannot be written: something else is in the place of its folder.`,
        actual: said,
        next: `Look at it and move it away on the host: ls -ld ${quote(dirname(path))}`,
      }
    },
  }
}

function inTheWay(path: string, actual: string): ErrorDetails {
  return {
    problem: `${path} cannot be written: in its place is a folder that is mounted or not empty.`,
    expected: 'a file, or nothing',
    actual,
    next: `Look at it and move it away on the host: ls -la ${quote(path)}`,
  }
}

function isRegular(current: FileState): boolean {
  return current.type.startsWith('regular')
}

// An unknown content counts as a difference: the plan then only says that it is known after apply.
function hasContent(current: FileState, content: string | Secret | Unknown): boolean {
  if (isUnknown(content)) return false
  if (content instanceof Secret) return content.hasSha256(current.sha256)
  return createHash('sha256').update(content).digest('hex') === current.sha256
}

function describe(current: FileState): string {
  if (!isRegular(current)) return ''
  return current.content ?? `(${current.size} bytes that are not shown)`
}

// Nothing but drop-ins is in such a folder, so nobody misses it when it is empty.
function removeDropInFolder(path: string): string {
  const [folder] = /^\/etc\/systemd\/system\/[^/]+\.d(?=\/)/.exec(path) ?? []
  return folder === undefined ? '' : `rmdir --ignore-fail-on-non-empty ${quote(folder)}\n`
}

function removeFolder(path: string): string {
  return `if [ -d ${quote(path)} ] && [ ! -L ${quote(path)} ]; then rmdir ${quote(path)}; fi`
}
