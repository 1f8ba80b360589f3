import { createHash } from 'node:crypto'
import type { Resource, Step } from '../../core/resource.ts'
import { explainWrite, linesOf, replaceFile } from '../support/index.ts'

export interface HostsEntryParameters {
  /** IPv4 or IPv6 address. */
  readonly address: string
  /** Names for the address, the canonical one first. */
  readonly names: readonly string[]
  /** Identifies an entry if a host has several. Default `own name`. */
  readonly block?: string
}

export interface HostsEntryState {
  /** The whole file, one character for each byte. */
  readonly file: string
  /** The line in the block; undefined when there is no block. */
  readonly line: string | undefined
}

export interface HostsEntryDesired {
  readonly line: string
}

const path = '/etc/hosts'

/** Exit code of the step if the file changed after it was read: the changes of others must not be lost. */
const changedMeanwhile = 75

/** A line of /etc/hosts between two marker lines; the rest of the file stays as it is, byte for byte. */
export function hostsEntry(parameters: HostsEntryParameters): Resource<HostsEntryState, HostsEntryDesired> {
  const { address, names, block = 'own name' } = parameters
  const line = [address, ...names].join(' ')
  return {
    kind: 'hosts entry',
    name: block,
    title: path,
    probe: {
      script: `if [ -e ${path} ]; then printf 'file='; base64 -w 0 <${path}; echo; fi\n`,
      parse(raw) {
        const file = Buffer.from(linesOf(raw, 'file')[0] ?? '', 'base64').toString('latin1')
        return { file, line: blockPattern(block).exec(file)?.[1] }
      },
    },
    desired: { line },
    diff(current) {
      if (current.line === line) return undefined
      if (current.line === undefined) return { action: 'create', fields: [{ field: path, after: line }] }
      return { action: 'update', fields: [{ field: path, before: current.line, after: line }] }
    },
    converge: (current, desired) => [rewrite(current, withEntry(current.file, block, desired.line))],
    removal: {
      left: current => (current.line === undefined ? [] : [{ field: path, before: current.line, after: 'nothing' }]),
      steps: current => [rewrite(current, withoutEntry(current.file, block))],
    },
    explain(failure) {
      if (failure.exitCode !== changedMeanwhile) return explainWrite(failure, path)
      return {
        problem: `${path} was changed by somebody else after it was read, so it was left as it is.`,
        actual: 'its content differs from when it was read',
        next: 'Apply again.',
      }
    },
  }
}

// The script writes only if the file is the same as when it was read.
function rewrite({ file }: HostsEntryState, text: string): Step {
  const seen = createHash('sha256').update(file, 'latin1').digest('hex')
  return {
    run: `[ -e ${path} ] || (umask 022; : >${path})
if [ "$(sha256sum <${path})" != '${seen}  -' ]; then exit ${changedMeanwhile}; fi
base64 -d >${path}.evcctl
${replaceFile(path)}`,
    stdin: Buffer.from(text, 'latin1').toString('base64'),
  }
}

/** The text of a hosts file with this line in its block; the block goes to the end if there is none yet. */
export function withEntry(file: string, block: string, line: string): string {
  const text = `${begin(block)}\n${line}\n${end(block)}\n`
  const pattern = blockPattern(block)
  if (pattern.test(file)) return file.replace(pattern, () => text)
  const separator = file === '' || file.endsWith('\n') ? '' : '\n'
  return `${file}${separator}${text}`
}

/** The text of a hosts file without this block. */
export function withoutEntry(file: string, block: string): string {
  return file.replace(blockPattern(block), '')
}

// Matches only what this resource writes: a block whose markers were separated by hand does not count.
function blockPattern(block: string): RegExp {
  return new RegExp(`^${begin(block)}\\n([^\\n]*)\\n${end(block)}\\n`, 'm')
}

function begin(block: string): string {
  return `# evcctl: ${block}`
}

function end(block: string): string {
  return `# evcctl: end of ${block}`
}
