import type { Fence } from '../core/host.ts'
import type { Step } from '../core/resource.ts'
import { environment } from './environment.ts'
import { underFence } from './fence-functions.ts'
import { begin, markFunction } from './marker-functions.ts'
import { keepFile, keepFileUnderFence, newFile } from './new-file.ts'
import { quote } from './quote.ts'
import { absolute, octal } from './words.ts'

/**
 * One line of sh that receives a pushed file from stdin. It writes the file beside its final place, checks its sha256, and
 * renames it. The line is sent as the first line of stdin, which src/ssh/sudo.ts reads, so that nothing of it is in argv.
 */
export function receiveLine(
  step: Extract<Step, { push: string }>,
  at: { readonly nonce: string; readonly job: number; readonly step: number },
  fence?: Fence,
): string {
  const take = [
    'set -eu',
    `set -- ${quote(absolute(step.to))} ${quote(step.sha256)} ${octal(step.mode)}`,
    newFile,
    'cat >"$evcctl_new"',
    'evcctl_sum=$(sha256sum <"$evcctl_new")',
    'evcctl_sum=${evcctl_sum%% *}',
    'if [ "$evcctl_sum" != "$2" ]; then echo "expected sha256 $2, came $evcctl_sum" >&2; exit 1; fi',
    'chmod -- "$3" "$evcctl_new"',
    // The lock may be lost while a long file arrives, so the line checks again who wrote here last.
    fence === undefined ? keepFile : keepFileUnderFence(fence),
  ].join('; ')
  const received = [`evcctl_mark resume ${at.job};`, `( ${take} );`, `evcctl_mark step ${at.job} ${at.step} "$?";`]
  return [
    `${environment.replaceAll('\n', '; ')};`,
    `evcctl_nonce=${at.nonce};`,
    `${markFunction};`,
    `${begin.replaceAll('\n', '; ')};`,
    ...(fence === undefined ? received : underFence(fence, received)),
    'evcctl_mark end',
  ]
    .join(' ')
    .replaceAll('\n', ' ')
}
