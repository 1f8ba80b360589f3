import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { LocalHosts } from '../../../src/local/hosts.ts'
import { temporaryFolder } from '../../kit/folder.ts'
import { evcctl, type Outcome } from '../../kubernetes/kit/evcctl.ts'

/** A home folder with cluster files, for runs of the command line that know nothing of this machine's user. */
export interface Scene extends AsyncDisposable {
  readonly folder: string
  /** HOME and state in the folder, no SSH agent. */
  readonly env: Readonly<Record<string, string>>
  /** Writes a file and returns its path. */
  write(name: string, content: string | object): Promise<string>
  /** Runs the compiled `evcctl`. */
  run(...args: readonly string[]): Promise<Outcome>
}

export async function openScene(): Promise<Scene> {
  const folder = await temporaryFolder()
  const env = { HOME: folder.path, XDG_STATE_HOME: join(folder.path, 'state'), SSH_AUTH_SOCK: '' }
  return {
    folder: folder.path,
    env,
    async write(name, content) {
      const path = join(folder.path, name)
      await writeFile(path, typeof content === 'string' ? content : stringify(content))
      return path
    },
    run: (...args) => evcctl(args, env),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}

/** Settings of one host in cluster.yaml, over its name, address and role. */
export type HostEntry = { readonly name: string } & Readonly<Record<string, unknown>>

/**
 * A cluster of container hosts as cluster.yaml has it; the first is the control plane node. Made for runs that end
 * before anything is started: what matters only to a kubelet is left at its default.
 */
export function clusterOf(hosts: LocalHosts, entries: readonly HostEntry[], spec: object = {}): object {
  return {
    apiVersion: 'evcctl.dev/v1alpha1',
    kind: 'Cluster',
    metadata: { name: entries[0]!.name },
    spec: {
      kubernetes: { kubeletConfiguration: { failCgroupV1: false } },
      ssh: {
        user: hosts.user,
        agent: false,
        identityFile: hosts.identityFile,
        knownHosts: { file: hosts.knownHostsFile },
      },
      // The swap of a container is the machine's, and its disk is as full as the machine's.
      os: { disableSwap: false, packages: { manage: false } },
      preflight: { minFree: { '/var/lib': '1Mi', '/usr/local/bin': '1Mi' } },
      ...spec,
      hosts: entries.map((entry, index) => ({
        address: hosts.host(entry.name).address,
        roles: [index === 0 ? 'control-plane' : 'worker'],
        ...entry,
      })),
    },
  }
}

/** All that a run printed. */
export function printed({ stdout, stderr }: Outcome): string {
  return stdout + stderr
}

/** A line of a stack trace, which no user is to see. */
export const stackTrace = /^ *at .*\.(js|ts):\d+/m

/** What the end of an apply says of one task: the lines below `✘ <host>  <task>`, without their indentation. */
export function failureOf({ stdout }: Outcome, task: string): string {
  const closing = stdout.slice(stdout.lastIndexOf('\nStopped after'))
  const lines = closing.split('\n')
  const start = lines.findIndex(line => line.startsWith('  ✘ ') && line.endsWith(`  ${task}`))
  if (start < 0) return ''
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('    '))
  return lines
    .slice(start + 1, end)
    .map(line => line.trimStart())
    .join('\n')
}
