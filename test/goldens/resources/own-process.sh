# functions of in-cgroup.sh
processes_of() {
  for found in $(grep -l -a -s -F -e "$1" /proc/[0-9]*/cmdline); do
    found=${found%/cmdline}
    program=$(tr '\000' '\n' 2>/dev/null <"$found"/cmdline | head -n 1)
    if [ "${program##*/}" = "$1" ] && in_cgroup "$found" 'pod[0-9a-f]\{32\}' &&
      [ "$(readlink "$found"/ns/net)" = "$(readlink /proc/self/ns/net)" ]; then
      echo "${found##*/}"
    fi
  done
}
process_of() { processes_of "$1" | head -n 1; }
