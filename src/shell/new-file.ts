import type { Fence } from '../core/host.ts'
import { syncLine } from './on-disk.ts'
import { quote } from './quote.ts'

/**
 * Prepares the temporary file `$evcctl_new` in the folder of `$1`. It removes the file of an earlier attempt, and the shell
 * removes the new one at its end unless it is kept, also when a lost connection ends the shell with PIPE.
 */
export const newFile = `evcctl_new=\${1%/*}/.\${1##*/}.evcctl; umask 077; if [ -d "$1" ] && [ ! -L "$1" ]; then echo "$1 is a directory" >&2; exit 1; fi; trap 'rm -f -- "$evcctl_new"' EXIT; trap 'exit 143' HUP INT PIPE TERM; if [ -e "$evcctl_new" ] || [ -L "$evcctl_new" ]; then rm -f -- "$evcctl_new"; fi; set -C`

const syncNew = syncLine('"$evcctl_new"')

/** Gives `$evcctl_new` its final name, once its content is on the disk. */
export const keepFile = `${syncNew}; mv -fT -- "$evcctl_new" "$1"; trap - EXIT`

/** The same, unless a later run has written to the host. */
export const keepFileUnderFence = ({ generation, run }: Fence): string =>
  `${syncNew}; evcctl_move ${generation} ${quote(run)} "$evcctl_new" "$1"; trap - EXIT`
