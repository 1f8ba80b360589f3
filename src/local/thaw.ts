import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

// As Docker names the groups of a container, with cgroup v1 and with v2 (cgroupfs and systemd).
const groupsOf = (id: string) => [`freezer/docker/${id}`, `docker/${id}`, `system.slice/docker-${id}.scope`]

/** How a group is let go on, by the file that says whether it is frozen (kernel: freezer-subsystem, cgroup-v2). */
const wordFor: Readonly<Record<string, string>> = { 'freezer.state': 'THAWED', 'cgroup.freeze': '0' }

/**
 * Lets all processes of a container go on that are frozen: one that stopped while its own container runtime froze a pod for a
 * moment can be ended by no signal. Does what it can: nothing where Docker is elsewhere, or others may not write there.
 */
export async function thaw(id: string, root = '/sys/fs/cgroup'): Promise<void> {
  for (const group of groupsOf(id).map(path => join(root, path))) {
    const names = await readdir(group, { recursive: true }).catch(() => [])
    for (const name of names) {
      const word = wordFor[name.slice(name.lastIndexOf('/') + 1)]
      if (word === undefined) continue
      const path = join(group, name)
      const is = await readFile(path, 'utf8').catch(() => '')
      if (/^(FROZEN|FREEZING|1)$/.test(is.trim())) await writeFile(path, word).catch(() => undefined)
    }
  }
}
