import { type ClusterSpec, parseClusterFile } from '../../src/config/index.ts'
import { type ErrorDetails, UserErrors } from '../../src/core/index.ts'

export interface Machine {
  readonly files?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
}

/** Parses a cluster.yaml that lies in /site of a machine with these files. */
export function parse(text: string, { files = {}, env = { HOME: '/home/ada' } }: Machine = {}): ClusterSpec {
  const folders = Object.keys(files).map(file => file.slice(0, file.lastIndexOf('/')))
  return parseClusterFile(text, '/site/cluster.yaml', {
    readFile: path => {
      const content = files[path]
      if (content === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
      return content
    },
    kind: path => (path in files ? 'file' : folders.includes(path) ? 'folder' : undefined),
    env,
  })
}

/** All that is wrong with a cluster.yaml. */
export function errorsOf(text: string, machine?: Machine): readonly ErrorDetails[] {
  try {
    parse(text, machine)
  } catch (error) {
    if (!(error instanceof UserErrors)) throw error
    return error.errors.map(({ details }) => details)
  }
  return []
}

/** A cluster.yaml with a `spec` in flow style, and with these hosts. */
export function cluster(spec = '', hosts: readonly string[] = [controlPlane, worker]): string {
  return `apiVersion: evcctl.dev/v1alpha1
kind: Cluster
metadata: { name: edge }
spec:
${spec === '' ? '' : `  ${spec}\n`}  hosts:
${hosts.map(host => `    - ${host}`).join('\n')}
`
}

export const controlPlane = '{ name: cp1, address: 192.0.2.11, roles: [control-plane] }'
export const worker = '{ name: w1, address: 192.0.2.21, roles: [worker] }'

/** A worker with other or more keys. */
export function workerWith(keys: string): string {
  return `{ name: w1, address: 192.0.2.21, roles: [worker], ${keys} }`
}
