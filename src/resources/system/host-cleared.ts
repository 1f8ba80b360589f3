import type { Resource } from '../../core/resource.ts'
import { linesOf, stateFolder } from '../support/index.ts'

export interface HostClearedState {
  /** Folders of evcctl that are there. */
  readonly found: readonly string[]
}

const folders = ['/etc/evcctl', '/var/cache/evcctl', stateFolder]

/** How long after its last heartbeat a lock is alive, s; as in src/engine/lock-state.ts. */
const staleSeconds = 60

/**
 * Nothing of evcctl's own is left on a host: its settings, its records, its downloads. It comes last on the host, because
 * everything else is taken back by these records. systemd forgets the units whose files are gone.
 *
 * A host that keeps the lock of the run that clears it has files of the lock until that run ends, and removes them when it
 * frees the lock (src/engine/lock-scripts.ts). While a lock is alive, they do not count.
 */
export function hostCleared(): Resource<HostClearedState, Record<never, never>> {
  return {
    kind: 'records of evcctl',
    name: '',
    probe: {
      script: probeScript,
      parse: raw => ({ found: linesOf(raw, 'found') }),
    },
    desired: {},
    // It depends on whether a lock is alive.
    volatile: ['found'],
    diff({ found }) {
      if (found.length === 0) return undefined
      return { action: 'delete', fields: found.map(field => ({ field, before: 'there', after: 'nothing' })) }
    },
    converge: () => [{ run: `systemctl daemon-reload\nrm -rf --one-file-system ${folders.join(' ')}\n` }],
  }
}

const probeScript = `alive=
if read -r boot beat </run/evcctl/lock/heartbeat && read -r now </proc/sys/kernel/random/boot_id; then
  read -r uptime rest </proc/uptime
  if [ "$boot" = "$now" ] && [ $((\${uptime%.*} - beat)) -le ${staleSeconds} ]; then alive=yes; fi
fi 2>/dev/null
for folder in ${folders.join(' ')}; do
  [ -d "$folder" ] || continue
  left=
  for file in "$folder"/* "$folder"/.[!.]*; do
    [ -e "$file" ] || continue
    case $alive-\${file##*/} in
    yes-*.new | yes-fence | yes-fence.lock | yes-generation | yes-holder) ;;
    *) left=yes ;;
    esac
  done
  if [ -n "$left" ] || [ "$folder$alive" != ${stateFolder}yes ]; then echo "found=$folder"; fi
done
`
