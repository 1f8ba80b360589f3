/**
 * A shell function `process_of NAME`: prints the number of the process of a static pod of this node; nothing if there is none. The command
 * line of a program in a container begins with its name. Static pods are in the host's own network: a component of another cluster that
 * runs in containers of this node (kind, hosted control planes) is none of ours.
 */
export const processFunction = `process_of() {
  for found in $(grep -l -a -s -e "^\\(/.*/\\)\\{0,1\\}$1[^a-z-]" /proc/[0-9]*/cmdline); do
    found=\${found%/cmdline}
    if [ "$(readlink "$found"/ns/net)" = "$(readlink /proc/self/ns/net)" ]; then
      echo "\${found##*/}"
      return
    fi
  done
}
`
