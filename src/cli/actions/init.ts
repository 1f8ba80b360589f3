import { open, rm } from 'node:fs/promises'
import { Document, isCollection, isNode, isPair, isSeq, parseDocument } from 'yaml'
import { parseClusterFile, starterFile } from '../../config/index.ts'
import { type ExitCode, exitCodes, UserError } from '../../core/index.ts'
import { printJson, printLine } from '../terminal/streams.ts'

export interface InitOptions {
  readonly file: string
  readonly name: string | undefined
  /** `NAME=ADDRESS[:ROLE[+ROLE]]`. */
  readonly hosts: readonly string[]
  readonly output: 'text' | 'json'
}

/** `evcctl init`: writes a first cluster file. Raises UserError if the file exists already, and leaves that file unchanged. */
export async function init(options: InitOptions): Promise<ExitCode> {
  const { file, name } = options
  const text = withHosts(starterFile(name), options.hosts.map(readHost))
  // Reports an invalid name or host now instead of in the next command.
  parseClusterFile(text, file)
  await writeNew(file, text)
  if (options.output === 'json') printJson({ type: 'written', file })
  else {
    const edit = options.hosts.length === 0 ? `Put your hosts into ${file}, then` : 'Next'
    printLine(`Wrote ${file}. ${edit}: evcctl ping ${file} --accept-new && evcctl plan ${file}`)
  }
  return exitCodes.ok
}

async function writeNew(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'EEXIST') throw cause
    const details = {
      where: file,
      problem: 'There is such a file already; it was not touched.',
      next: 'For another one: evcctl init other.yaml',
    }
    throw new UserError(details, { cause, exitCode: exitCodes.badInput })
  })
  try {
    await handle.writeFile(text)
  } catch (cause) {
    // An empty file would be in the way of the next init.
    await rm(file, { force: true })
    throw Object.assign(cause as Error, { path: file })
  } finally {
    await handle.close()
  }
}

interface GivenHost {
  readonly name: string
  readonly address: string
  readonly roles: readonly string[]
}

function readHost(text: string): GivenHost {
  const match = /^([^=\s]+)=([^=\s]+?)(?::([a-z+-]+))?$/.exec(text)
  if (match === null) {
    const expected = 'NAME=ADDRESS or NAME=ADDRESS:ROLE, e.g. cp1=192.0.2.11:control-plane'
    throw new UserError(
      { where: '--host', problem: 'not a host', expected, actual: text },
      { exitCode: exitCodes.badInput },
    )
  }
  const [, name = '', address = '', roles = 'worker'] = match
  return { name, address: address.replace(/^\[(.*)\]$/, '$1'), roles: roles.split('+') }
}

// Replaces the example hosts in the text itself, so that the starter file keeps all its comments.
function withHosts(text: string, hosts: readonly GivenHost[]): string {
  if (hosts.length === 0) return text
  const examples = parseDocument(text).getIn(['spec', 'hosts'])
  if (!isSeq(examples) || !examples.range) throw new TypeError('the starter file has no spec.hosts')
  const [start] = examples.range
  const end = endOf(examples)
  const indent = ' '.repeat(start - text.lastIndexOf('\n', start) - 1)
  const items = hosts.map(({ name, address, roles }) => {
    const item = new Document({ name, address, roles: [...roles] })
    return `- ${item.toString({ collectionStyle: 'flow', lineWidth: 0 }).trimEnd()}`
  })
  return text.slice(0, start) + items.join(`\n${indent}`) + text.slice(end)
}

// The range of a block collection includes the comments below it; the range of its last value does not.
function endOf(node: unknown): number {
  if (isCollection(node) && node.flow !== true) {
    const last = node.items.at(-1)
    return endOf(isPair(last) ? last.value : last)
  }
  if (!isNode(node) || !node.range) throw new TypeError('the last example host has no value')
  return node.range[1]
}
