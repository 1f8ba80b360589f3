import { syncLine } from '../../shell/on-disk.ts'
import { quote } from '../../shell/quote.ts'

/**
 * Ends a script that has written `<path>.evcctl`: moves it to `path`, with the mode and owner that `path` has. If `path` is
 * a mount point of its own (a container's /etc/hosts), a rename cannot replace it, so it is overwritten instead.
 */
export function replaceFile(path: string): string {
  const next = quote(`${path}.evcctl`)
  const at = quote(path)
  return `chmod --reference=${at} ${next}
chown --reference=${at} ${next}
${syncLine(next)}
if mountpoint -q ${at} 2>/dev/null || ! mv -fT ${next} ${at} 2>/dev/null; then
  cat ${next} >${at}
  ${syncLine(at)}
  rm -f ${next}
fi
`
}
