import { cgroupFunction } from '../../shell/cgroup.ts'

/**
 * A shell function `processes_of NAME`: prints the numbers of the processes of a static pod of this node whose program has this name, a line
 * each; and `process_of NAME`: the first of them. Anybody may have this name in a command line, so these have to hold as well:
 *
 * - The process is in the cgroup of a static pod, which root made. Their UIDs are hashes of 32 digits; those of other pods have dashes.
 * - It is in the host's own network: a static pod of another cluster that runs in containers of this node (kind) is none of ours.
 */
export const processFunction = `${cgroupFunction}processes_of() {
  for found in $(grep -l -a -s -F -e "$1" /proc/[0-9]*/cmdline); do
    found=\${found%/cmdline}
    program=$(tr '\\000' '\\n' 2>/dev/null <"$found"/cmdline | head -n 1)
    if [ "\${program##*/}" = "$1" ] && in_cgroup "$found" 'pod[0-9a-f]\\{32\\}' &&
      [ "$(readlink "$found"/ns/net)" = "$(readlink /proc/self/ns/net)" ]; then
      echo "\${found##*/}"
    fi
  done
}
process_of() { processes_of "$1" | head -n 1; }
`
