import type { ProbeResult } from '../../core/resource.ts'
import { fieldsOf, linesOf } from '../support/index.ts'

export interface Repair {
  readonly name: string
  /** The installed version; undefined: none. */
  readonly version?: string
}

export interface PackageState {
  /** Name → version of those that are fully installed. */
  readonly installed: ReadonlyMap<string, string>
  /** Packages on the system that a crashed dpkg left unpacked or half configured: nothing else can be installed then. */
  readonly broken: readonly string[]
  /** Packages that apt would unpack to complete those, if it knows a way. */
  readonly repairs: readonly Repair[]
  /** dpkg was cut off while it wrote its own records. */
  readonly interrupted: boolean
  /** Units whose package was installed by a run that was killed before it could disable them. */
  readonly keptDisabled: readonly string[]
}

/** Folder where an installation records, before it begins, the units that it has to disable. */
export const keepDisabledFolder = '/var/lib/evcctl/keep-disabled'

/** Prints what `apt-get install --fix-broken` would unpack: `Inst <name>[:<architecture>] [<installed version>] …`. It writes nothing. */
export const simulateRepair =
  'apt-get -q --simulate -o Debug::NoLocking=1 -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= install --fix-broken --no-remove 2>/dev/null'

/** The read-only script for `parseApt`. dpkg always reads its whole database, so it is called only once. */
export function aptScript(names: readonly string[]): string {
  const wanted = names.map(name => name.replace(/[.+]/g, '\\$&')).join('|')
  return `command -v dpkg-query >/dev/null && echo dpkg=there
found=$(dpkg-query -W -f 'package=\${Package} \${db:Status-Status} \${Version}\\n' | sed -n -E \\
  -e '/^package=(${wanted}) /p' -e 's/^package=([^ ]+) (half-configured|half-installed|unpacked) .*/broken=\\1/p')
for f in /var/lib/dpkg/updates/*; do if [ -e "$f" ]; then found="$found interrupted=yes"; echo interrupted=yes; break; fi; done
printf '%s\\n' "$found"
case $found in *broken=* | *interrupted=*) ${simulateRepair} | sed -n -E 's/^Inst ([^ :]+)[^ ]*( \\[([^]]*)\\])?.*/repair=\\1 \\3/p' ;; esac
for f in ${keepDisabledFolder}/*; do
  for folder in /usr/lib /lib /etc; do
    if [ -e "$f" ] && [ -e "$folder/systemd/system/\${f##*/}" ]; then echo "disable=\${f##*/}"; break; fi
  done
done
`
}

export function parseApt(raw: ProbeResult): PackageState {
  const fields = fieldsOf(raw, ['dpkg'])
  const rows = linesOf(raw, 'package').map(line => line.split(' '))
  // A package with pending triggers works already; the next run of dpkg completes it.
  const done = (status: string) => status === 'installed' || status.startsWith('triggers-')
  return {
    installed: new Map(
      rows.flatMap(([name = '', status = '', version]) =>
        done(status) && version !== undefined ? [[name, version] as const] : [],
      ),
    ),
    broken: linesOf(raw, 'broken'),
    repairs: linesOf(raw, 'repair').map(line => {
      const [name = '', version = ''] = line.split(' ')
      return version === '' ? { name } : { name, version }
    }),
    interrupted: fields.get('interrupted') === 'yes',
    keptDisabled: linesOf(raw, 'disable'),
  }
}
