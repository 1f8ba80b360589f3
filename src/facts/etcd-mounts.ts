/** Where the data of etcd may be on a disk of its own, and the folders that this may be part of. */
const places = ['/var', '/var/lib', '/var/lib/etcd', '/var/lib/etcd/member', '/var/lib/etcd/member/wal']

/** Where administrators and packages put units. What systemd makes of fstab itself is of its last look at it. */
const unitFolders = ['/etc/systemd/system', '/usr/lib/systemd/system']

/**
 * Prints `unmounted <place>` for each place that fstab or a mount unit names and where nothing is mounted. It reads
 * /proc/mounts only where one is named: with many pods that is long.
 */
export const mountsScript = `named=
if [ -f /etc/fstab ]; then
  while read -r device place rest || [ -n "\${device:-}" ]; do
    case $device in '#'*) continue ;; esac
    case \${place%/} in ${places.join(' | ')}) named="$named \${place%/}" ;; esac
  done </etc/fstab
fi
${places.map(place => `for folder in ${unitFolders.join(' ')}; do [ ! -s "$folder/${unitOf(place)}" ] || named="$named ${place}"; done\n`).join('')}for place in $named; do grep -q "^[^ ]* $place " /proc/mounts || echo "unmounted $place"; done
`

/** The places of mountsScript; a host may print anything. */
export function parseUnmounted(lines: readonly string[]): readonly string[] {
  return places.filter(place => lines.includes(`unmounted ${place}`))
}

// systemd.unit(5): slashes become dashes; none of these names needs more.
function unitOf(place: string): string {
  return `${place.slice(1).replaceAll('/', '-')}.mount`
}
