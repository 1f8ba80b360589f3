import type { Resource } from '../../core/resource.ts'
import { quote } from '../../shell/quote.ts'
import { explainWrite, fieldsOf } from '../support/index.ts'

export interface AbsentParameters {
  /** Absolute path of a file, a link or an empty folder. */
  readonly path: string
  /** Only a file that contains this text is removed. Default: whatever is there. */
  readonly holding?: string
}

export interface AbsentState {
  /** The type in the words of `stat`; `absent` when there is nothing. */
  readonly type: string
}

/** Nothing at this path. A file or link is removed, a folder only when it is empty. */
export function absent({ path, holding }: AbsentParameters): Resource<AbsentState, Record<never, never>> {
  const at = quote(path)
  const found =
    holding === undefined ? `[ -e ${at} ] || [ -L ${at} ]` : `[ -f ${at} ] && grep -q -F -e ${quote(holding)} ${at}`
  return {
    kind: 'absent',
    name: path,
    title: path,
    probe: {
      script: `if ${found}; then stat -c 'type=%F' ${at}; else echo type=absent; fi`,
      parse: raw => ({ type: fieldsOf(raw, ['type']).get('type')! }),
    },
    desired: {},
    diff: current =>
      current.type === 'absent'
        ? undefined
        : { action: 'delete', fields: [{ field: 'type', before: current.type, after: 'nothing' }] },
    converge: current => [{ run: current.type === 'directory' ? `rmdir ${at}` : `rm -f ${at}` }],
    explain(failure) {
      if (!failure.stderr.includes('not empty')) return explainWrite(failure, path)
      return {
        problem: `${path} is not removed: there is something in it.`,
        expected: 'an empty folder',
        actual: failure.stderr.trim(),
        next: `See what is in it, on the host: ls -la ${at}`,
      }
    },
  }
}
