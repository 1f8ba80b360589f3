import type { FactModule, Sections } from '../core/facts.ts'
import { expectNumber } from './checks.ts'

export interface FreeSpaceFacts {
  /**
   * Free space of the file systems that hold these paths. Where a path does not exist, its nearest existing parent counts.
   */
  readonly freeBytes: Readonly<Record<'/usr/local/bin' | '/var/lib' | '/etc' | '/tmp', number>>
}

export const freeSpaceFacts: FactModule<FreeSpaceFacts> = {
  script: `at free
set --
for path in /usr/local/bin /var/lib /etc /tmp; do
  while [ ! -e "$path" ]; do path=\${path%/*}; path=\${path:-/}; done
  set -- "$@" "$path"
done
df -Pk "$@" 2>/dev/null
`,
  parse(sections) {
    const freeBytes = parseFree(sections)
    for (const [path, bytes] of Object.entries(freeBytes)) expectNumber(bytes, path)
    return { freeBytes }
  },
}

// Output of df -P: a heading, then a line for each path, in the order asked: `<file system> <size> <used> <available>
// <use%> <mounted on>`. Numbers are in KiB; a mount point may contain blanks.
function parseFree(sections: Sections): FreeSpaceFacts['freeBytes'] {
  const available = sections('free')
    .slice(1, 5)
    .map(line => Number(/\s(\d+)\s+\d+%\s+\//.exec(line)?.[1] ?? 0) * 1024)
  const [bin = 0, lib = 0, etc = 0, tmp = 0] = available
  return { '/usr/local/bin': bin, '/var/lib': lib, '/etc': etc, '/tmp': tmp }
}
