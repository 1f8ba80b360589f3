import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

// As Docker names the groups of a container, with cgroup v1 and with v2 (cgroupfs and systemd).
const groupsOf = (id: string) => [`freezer/docker/${id}`, `docker/${id}`, `system.slice/docker-${id}.scope`]

/** The content that thaws a cgroup, by the file that freezes it (kernel: freezer-subsystem, cgroup-v2). */
const wordFor: Readonly<Record<string, string>> = { 'freezer.state': 'THAWED', 'cgroup.freeze': '0' }

/**
 * Thaws all frozen processes of a container. A container may stop while its own container runtime has frozen a pod for a
 * moment, and no signal ends a frozen process. Does nothing when Docker runs elsewhere or the cgroups are not writable.
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
