in_cgroup() (
  for line in $(grep -s -e "$2" "$1"/cgroup | tr ' ' '?'); do
    line=${line#*:}
    tree=${line%%:*}
    for mounted in "" "/${tree#name=}" /unified; do
      if [ -O "/sys/fs/cgroup$mounted${line#*:}" ]; then exit 0; fi
    done
  done
  exit 1
)
