import type { ErrorDetails } from '../../core/error-details.ts'
import type { StepFailure } from '../../core/resource.ts'

const causes: readonly (readonly [pattern: RegExp, problem: string, next: string])[] = [
  [
    /No space left on device/,
    'there is no space left',
    'Free some space there (df -h, df -i shows it), then apply again.',
  ],
  [/Disk quota exceeded/, 'the disk quota is used up', 'Raise the quota or free some space, then apply again.'],
  [
    /Read-only file system/,
    'its file system is mounted read-only',
    'Look for disk errors (dmesg | grep -i remount), or mount it read-write, then apply again.',
  ],
  [
    /Operation not permitted|Permission denied/,
    'it is protected even from root',
    'Check its attributes and the security modules: lsattr shows "i" for immutable (chattr -i removes it).',
  ],
  [
    /Device or resource busy/,
    'something is mounted at its path',
    'See what it is (findmnt), unmount it, then apply again.',
  ],
  [/invalid (user|group)/, 'its owner does not exist on the host', 'Create the user or group, or set one that exists.'],
]

/** Explains a failed write to `path`; undefined when the cause is none of the usual ones. */
export function explainWrite(failure: StepFailure, path: string): ErrorDetails | undefined {
  const said = `${failure.stderr}\n${failure.stdout}`
  const cause = causes.find(([pattern]) => pattern.test(said))
  if (cause === undefined) return undefined
  return { problem: `${path} could not be written: ${cause[1]}.`, actual: failure.stderr.trim(), next: cause[2] }
}
