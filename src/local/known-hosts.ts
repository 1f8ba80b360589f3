import { writeFile } from 'node:fs/promises'
import type { ContainerRuntimeClient } from 'testcontainers'
import { execIn } from './docker.ts'
import type { StartingHost } from './ready.ts'

/** Writes the host keys to known_hosts. They are read through Docker, so that no key is trusted on first use. */
export async function writeKnownHosts(
  client: ContainerRuntimeClient,
  file: string,
  hosts: readonly StartingHost[],
): Promise<void> {
  const lines = await Promise.all(
    hosts.map(async host => {
      const keys = await execIn(client, host.containerId, ['sh', '-c', 'cat /etc/ssh/ssh_host_*_key.pub'])
      const names = host.sshPorts.map(port => (port === 22 ? host.address : `[${host.address}]:${port}`)).join(',')
      return keys.stdout
        .trim()
        .split('\n')
        .map(line => `${names} ${line.split(' ').slice(0, 2).join(' ')}\n`)
    }),
  )
  await writeFile(file, lines.flat().join(''), { mode: 0o600 })
}
