import { spawn } from 'node:child_process'
import { expect } from 'vitest'
import type { LocalHosts } from '../../../src/local/hosts.ts'
import type { TestCluster } from './cluster.ts'
import { evcctl, failuresOf } from './evcctl.ts'
import { pictureOf, undocumented } from './host-picture.ts'

/** Rules of somebody else, in all ways in which a host may have them. */
const foreignRules = `iptables-nft -N MINE
iptables-nft -A MINE -p tcp --dport 9999 -m comment --comment 'not -j KUBE-SERVICES' -j DROP
iptables-nft -A INPUT -j MINE
iptables-nft -t nat -A POSTROUTING -s 198.51.100.0/24 -j MASQUERADE
if command -v nft >/dev/null; then
  nft add table inet mine
  nft add chain inet mine in '{ type filter hook input priority 5; }'
  nft add rule inet mine in tcp dport 9998 drop
fi`

/** Hosts of a cluster that is not made yet, as they will have to be after a reset. */
export interface HostsBefore {
  /** Runs a reset, and expects this exit code. The plan of a second one, which the other command shows, has nothing to do. */
  expectReset(
    cluster: TestCluster,
    words: readonly string[],
    again: readonly string[],
    exitCode?: number,
  ): Promise<void>
  /** What is on a host that was not there before, or is missing, and that the documentation does not list. */
  strange(name: string): Promise<readonly string[]>
}

/** Gives hosts rules of somebody else, and takes pictures of them, before anything is made there. */
export async function recordHosts(hosts: LocalHosts, names: readonly string[]): Promise<HostsBefore> {
  const before = new Map(
    await Promise.all(
      names.map(async name => {
        const { exitCode, stderr } = await hosts.exec(name, foreignRules)
        expect([name, exitCode, stderr]).toEqual([name, 0, ''])
        return [name, await pictureOf(hosts, name)] as const
      }),
    ),
  )
  return {
    strange: async name => undocumented(before.get(name)!, await pictureOf(hosts, name)),
    async expectReset({ env }, words, shown, exitCode = 0) {
      const sessions = names.map(name => openSession(hosts, name))
      const outcome = await evcctl([...words, '--output', 'json'], { ...env })
      expect([outcome.exitCode, failuresOf(outcome), outcome.stderr]).toEqual([exitCode, [], ''])
      const again = await evcctl(shown, { ...env })
      expect([again.exitCode, again.stdout]).toEqual([exitCode, expect.stringContaining('No changes.')])
      expect(sessions.map(end => end())).toEqual(names.map(() => 'is there'))
    },
  }
}

/** Opens a session over SSH that lasts until the function is called that it gives; this tells whether it was still there. */
function openSession(hosts: LocalHosts, name: string): () => string {
  const { address, user, sshPorts } = hosts.host(name)
  const options = ['BatchMode=yes', `UserKnownHostsFile=${hosts.knownHostsFile}`].flatMap(option => ['-o', option])
  const target = ['-F', 'none', ...options, '-i', hosts.identityFile, '-p', String(sshPorts[0] ?? 22)]
  const lasting = 'while :; do sleep 1; echo here; done'
  const child = spawn('ssh', [...target, `${user}@${address}`, lasting], { stdio: 'ignore' })
  return () => {
    const isThere = child.exitCode === null && child.signalCode === null
    child.kill('SIGKILL')
    return isThere ? 'is there' : `ended with ${child.exitCode ?? child.signalCode}`
  }
}
