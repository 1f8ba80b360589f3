/**
 * A shell function `in_cgroup PROCESS PATTERN` (a folder in /proc, a basic regular expression): succeeds when the process is in a cgroup
 * whose path matches, and whose folder belongs to who runs the script, which is root. systemd gives each user a part of the tree (Delegate=
 * of user@UID.service), where anybody makes cgroups of any name: the path alone proves nothing. A line of /proc/PID/cgroup is
 * `ID:CONTROLLERS:PATH` (cgroups(7)); each set of controllers of version 1 has a tree of its own, and so has version 2 beside them.
 */
export const cgroupFunction = `in_cgroup() (
  for line in $(grep -s -e "$2" "$1"/cgroup | tr ' ' '?'); do
    line=\${line#*:}
    tree=\${line%%:*}
    for mounted in "" "/\${tree#name=}" /unified; do
      if [ -O "/sys/fs/cgroup$mounted\${line#*:}" ]; then exit 0; fi
    done
  done
  exit 1
)
`
