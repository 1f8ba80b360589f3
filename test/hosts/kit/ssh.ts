import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { LocalHosts } from '../../../src/local/hosts.ts'

/** Runs a command on a host with the OpenSSH client, checking host keys strictly. Rejects on a non-zero exit. */
export async function ssh(hosts: LocalHosts, name: string, command: string, port?: number): Promise<string> {
  const host = hosts.host(name)
  const options = [
    'StrictHostKeyChecking=yes',
    `UserKnownHostsFile=${hosts.knownHostsFile}`,
    'GlobalKnownHostsFile=none',
    'IdentitiesOnly=yes',
    'BatchMode=yes',
    'ConnectTimeout=10',
  ].flatMap(option => ['-o', option])
  const target = [...options, '-i', hosts.identityFile, '-p', String(port ?? host.sshPorts[0] ?? 22)]
  const { stdout } = await promisify(execFile)('ssh', [
    '-F',
    'none',
    ...target,
    `${host.user}@${host.address}`,
    command,
  ])
  return stdout.trim()
}
