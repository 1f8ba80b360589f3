/** The folders at which a disk for the data of etcd may be mounted. */
const places = ['/var', '/var/lib', '/var/lib/etcd', '/var/lib/etcd/member', '/var/lib/etcd/member/wal']

/**
 * Where administrators and packages put units. Units that systemd generates from fstab are left out: they may be older than
 * fstab.
 */
const unitFolders = ['/etc/systemd/system', '/usr/lib/systemd/system']

/**
 * Prints `unmounted <place>` for each place that fstab or a mount unit names and where nothing is mounted. It reads
 * /proc/mounts only if there is such a place, because that file is long on a node with many pods.
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

/** The places that mountsScript printed. Other lines are left out, because a host may print anything. */
export function parseUnmounted(lines: readonly string[]): readonly string[] {
  return places.filter(place => lines.includes(`unmounted ${place}`))
}

// systemd.unit(5): slashes become dashes. None of these places has a character that needs more.
function unitOf(place: string): string {
  return `${place.slice(1).replaceAll('/', '-')}.mount`
}
