import type { HttpProxy } from '../../core/http-proxy.ts'
import { syncLine } from '../../shell/on-disk.ts'
import { quote, quoteAll } from '../../shell/quote.ts'
import { proxyLines } from '../support/index.ts'
import { keepDisabledFolder, simulateRepair } from './apt-state.ts'

export interface AptInstallation {
  readonly missing: readonly string[]
  /** Packages that apt may unpack if dpkg first has to complete an earlier run; undefined: there is no such run. */
  readonly repair: readonly string[] | undefined
  readonly update: 'when needed' | 'never'
  readonly keepDisabled: readonly string[]
  /** The proxy, unless /etc/apt sets another. Undefined: as the environment of the host says. */
  readonly proxy: HttpProxy | undefined
}

/** The text before the names of packages in the script's stderr, when a repair needs packages that the plan did not name. */
export const unnamedRepair = 'to complete what a crash left, apt would also install:'

/** How long to wait for another package manager (unattended-upgrades, cloud-init). */
const lockSeconds = 600

// The log is in a folder of root's: in /tmp, others could put a link where root is about to write.
// apt's own DPkg::Lock::Timeout does not cover `update` and `dpkg --configure`, so every call is repeated while locked.
const preamble = (proxy: HttpProxy | undefined) => `proxy_user=$(cat)
${proxyLines(proxy, { user: 'proxy_user' })}
export DEBIAN_FRONTEND=noninteractive APT_LISTCHANGES_FRONTEND=none NEEDRESTART_SUSPEND=1
folder=$(umask 077; mkdir -p /run/evcctl; mktemp -d /run/evcctl/apt.XXXXXX)
log=$folder/log
release() { :; }
trap 'release; rm -rf "$folder"' EXIT
end=$(( $(date +%s) + ${lockSeconds} ))
patiently() {
  while :; do
    { code=0; "$@" 2>&1 || code=$?; echo "$code" >"$folder/code"; } | tee "$log"
    code=$(cat "$folder/code")
    if [ "$code" = 0 ]; then return 0; fi
    if ! grep -Eq 'Could not get lock|Unable to (acquire|lock)|locked by another process' "$log"; then return "$code"; fi
    if [ "$(date +%s)" -ge "$end" ]; then return "$code"; fi
    echo "waiting for another package manager$(sed -n -E 's/.*(held by process [0-9]+ \\([^)]*\\)).*/: \\1/p' "$log" | head -n 1)"
    sleep 3
  done
}
apt() { patiently apt-get -q -y -o DPkg::Lock::Timeout=30 -o Acquire::Retries=2 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@"; }
`

/**
 * The script that installs missing packages; it is safe to run again after it was cut off anywhere. It reads proxyUser(), or
 * nothing, on stdin.
 */
export function aptInstallScript({ missing, repair, update, keepDisabled, proxy }: AptInstallation): string {
  const parts = [preamble(proxy)]
  if (keepDisabled.length > 0) parts.push(holdBack(keepDisabled))
  if (repair !== undefined) parts.push(repairing(repair))
  if (missing.length > 0) parts.push(install(missing, update))
  if (keepDisabled.length > 0) parts.push(disable(keepDisabled))
  return parts.join('')
}

// What dpkg cannot configure may wait for a package that was not unpacked yet: apt fetches that, but takes nothing away for it.
const configure = 'patiently dpkg --configure -a --force-confdef --force-confold'
// What that is may be known better now than when it was planned, but nothing is unpacked that no plan has named.
const repairing = (named: readonly string[]) => `${configure} || :
more=
for name in $(${simulateRepair} | sed -n -E 's/^Inst ([^ :]+).*/\\1/p'); do
  case ${quote(` ${named.join(' ')} `)} in *" $name "*) ;; *) more="$more $name" ;; esac
done
if [ -n "$more" ]; then echo "${unnamedRepair}$more" >&2; exit 1; fi
apt install --fix-broken --no-remove
${configure}
`

function install(missing: readonly string[], update: 'when needed' | 'never'): string {
  if (update === 'never') return `apt install --no-install-recommends --no-remove -- ${quoteAll(missing)}\n`
  return `set -- ${quoteAll(missing)}
candidates=$(apt-cache policy -- "$@" | grep -E '^  Candidate: ' | grep -Evc '\\(none\\)' || :)
updated=no
if [ "$candidates" -lt $# ]; then apt update || echo 'the package lists could not be fetched'; updated=yes; fi
if ! apt install --no-install-recommends --no-remove -- "$@"; then
  # Lists that are older than what the mirror still has name files that are gone.
  if [ $updated = yes ] || ! grep -Eq '404|Failed to fetch|Unable to fetch' "$log"; then exit 100; fi
  apt update
  apt install --no-install-recommends --no-remove -- "$@"
fi
`
}

// The note outlives a crash; the mask in /run keeps the package's own scripts from starting the unit. Where the package
// could not be installed, neither is left behind.
function holdBack(units: readonly string[]): string {
  return `release() {
  for unit in ${quoteAll(units)}; do
    if [ -e "${keepDisabledFolder}/$unit" ]; then
      systemctl unmask --quiet --runtime -- "$unit"
      if [ "$(systemctl show -p LoadState --value -- "$unit")" = not-found ]; then rm -f "${keepDisabledFolder}/$unit"; fi
    fi
  done
}
for unit in ${quoteAll(units)}; do
  if [ -e "${keepDisabledFolder}/$unit" ] || [ "$(systemctl show -p LoadState --value -- "$unit")" = not-found ]; then
    (umask 077; mkdir -p ${keepDisabledFolder})
    : >"${keepDisabledFolder}/$unit"
    ${syncLine(`"${keepDisabledFolder}/$unit" ${keepDisabledFolder}`)}
    systemctl mask --quiet --runtime -- "$unit"
  fi
done
`
}

function disable(units: readonly string[]): string {
  return `release
for unit in ${quoteAll(units)}; do
  if [ -e "${keepDisabledFolder}/$unit" ]; then
    systemctl disable --quiet --now -- "$unit"
    rm -f "${keepDisabledFolder}/$unit"
  fi
done
`
}
