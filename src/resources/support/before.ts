import { syncLine } from '../../shell/on-disk.ts'
import { quote } from '../../shell/quote.ts'
import { stateFolder } from './state-folder.ts'

/** Folder with what a host had before evcctl changed it. `evcctl reset` puts it back from here. */
const beforeFolder = `${stateFolder}/before`

/** The record of one subject, e.g. of the host name. */
export function beforePath(subject: string): string {
  return `${beforeFolder}/${subject}`
}

/**
 * A script that records its input as what the host had before, unless there is a record already: what evcctl itself has set
 * is never taken for what was there before. It belongs right before the first change, and may be cut off anywhere.
 */
export function recordBefore(subject: string): string {
  const path = quote(beforePath(subject))
  const next = quote(`${beforePath(subject)}.new`)
  return `if [ ! -e ${path} ]; then
  umask 077
  mkdir -p ${beforeFolder}
  cat >${next}
  ${syncLine(next)}
  mv -fT ${next} ${path}
fi
`
}
