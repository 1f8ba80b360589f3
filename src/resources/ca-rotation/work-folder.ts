/**
 * Lines of sh that make an empty folder for keys and the like, `$work`, for root alone, and remove it when the script ends. A run that was
 * killed leaves it in the memory of the host until the next one removes it: its name is always the same. `name`: unique among the scripts.
 */
export function workFolder(name: string): string {
  return `work=/run/evcctl/${name}
trap 'rm -rf "$work"' EXIT
trap 'exit 143' HUP INT TERM
rm -rf "$work"
( umask 077; mkdir -p "$work" )
`
}
