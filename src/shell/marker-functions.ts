/** Prints a marker on both streams, so that each can be cut into frames on its own. */
export const markFunction = `evcctl_mark() { printf '\\n%s %s\\n' "$evcctl_nonce" "$*"; printf '\\n%s %s\\n' "$evcctl_nonce" "$*" >&2; }`

/** Prints a marker with pid, start time and process group of the shell. With these, a second channel can end it. */
export const begin = `read -r evcctl_stat </proc/$$/stat
set -- \${evcctl_stat##*) }
evcctl_group=$3 evcctl_start=\${20}
evcctl_mark begin "$$" "$evcctl_start" "$evcctl_group"`
