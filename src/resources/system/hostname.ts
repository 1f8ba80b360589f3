import type { FieldChange, Resource } from '../../core/resource.ts'
import { quote } from '../../shell/quote.ts'
import { beforePath, fieldsOf, linesOf, printSettings, recordBefore, replaceFile } from '../support/index.ts'

export interface HostnameParameters {
  /** A DNS label or name, lower case. */
  readonly name: string
}

export interface HostnameState {
  /** The name in the kernel now. */
  readonly now: string
  /** The name in /etc/hostname; empty when the file is missing. */
  readonly atBoot: string
  /** The names before evcctl first set one; undefined if they were not recorded. */
  readonly before: { readonly now: string; readonly atBoot: string } | undefined
}

export interface HostnameDesired {
  readonly name: string
}

/** The name of the host, now and at boot. It is also the node's name, which its certificates contain. */
export function hostname({ name }: HostnameParameters): Resource<HostnameState, HostnameDesired> {
  return {
    kind: 'hostname',
    name,
    probe: {
      script: probeScript,
      parse(raw) {
        const fields = fieldsOf(raw, ['now'])
        const [now, atBoot = ''] = linesOf(raw, 'before')
        return {
          now: fields.get('now')!,
          atBoot: (fields.get('boot') ?? '').trim(),
          before: now === undefined ? undefined : { now, atBoot },
        }
      },
    },
    desired: { name },
    diff(current) {
      const fields: FieldChange[] = []
      if (current.now !== name) fields.push({ field: 'now', before: current.now, after: name })
      if (current.atBoot !== name) fields.push({ field: 'at boot', before: current.atBoot, after: name })
      return fields.length === 0 ? undefined : { action: 'update', fields }
    },
    converge: ({ now, atBoot }, desired) => [
      { run: recordBefore('hostname'), stdin: `${now}\n${atBoot}\n` },
      { run: setScript(desired.name) },
    ],
    // A name that somebody else has set since stays.
    removal: {
      left: current => formerName(current, name),
      steps: ({ before }) => (before === undefined ? [] : [{ run: putBackScript(before) }]),
    },
    explain: failure => ({
      problem: `The host name cannot be set to ${name}.`,
      actual: failure.stderr.trim(),
      next: 'Set it yourself (hostnamectl set-hostname), or leave the name as it is with spec.os.setHostname: false.',
    }),
  }
}

function formerName({ now, atBoot, before }: HostnameState, name: string): readonly FieldChange[] {
  if (before === undefined) return []
  const fields: FieldChange[] = []
  if (now === name && before.now !== name) fields.push({ field: 'now', before: now, after: before.now })
  if (atBoot === name && before.atBoot !== name) {
    fields.push({ field: 'at boot', before: atBoot, after: before.atBoot === '' ? 'not set' : before.atBoot })
  }
  return fields
}

const probeScript = `read -r name </proc/sys/kernel/hostname
printf 'now=%s\\n' "$name"
${printSettings('before', beforePath('hostname'))}[ -f /etc/hostname ] || exit 0
while IFS= read -r name || [ -n "$name" ]; do
  case $name in '' | '#'*) ;; *) printf 'boot=%s\\n' "$name"; break ;; esac
done </etc/hostname
`

// hostnamectl informs the rest of the system; it fails where /etc/hostname is a mount point, as in containers.
function setScript(name: string): string {
  return `if ! hostnamectl set-hostname ${quote(name)} 2>/dev/null; then
  [ -e /etc/hostname ] || (umask 022; : >/etc/hostname)
  printf '%s\\n' ${quote(name)} >/etc/hostname.evcctl
  ${replaceFile('/etc/hostname').trimEnd().replaceAll('\n', '\n  ')}
  printf '%s\\n' ${quote(name)} >/proc/sys/kernel/hostname
fi
`
}

function putBackScript({ now, atBoot }: { readonly now: string; readonly atBoot: string }): string {
  if (atBoot === now) return setScript(now)
  const boot =
    atBoot === ''
      ? 'rm -f /etc/hostname\n'
      : `printf '%s\\n' ${quote(atBoot)} >/etc/hostname.evcctl\n${replaceFile('/etc/hostname')}`
  return `${setScript(now)}${boot}`
}
