proxy_user=$(cat)
if command -v evcctl_proxies >/dev/null; then evcctl_proxies; fi
export DEBIAN_FRONTEND=noninteractive APT_LISTCHANGES_FRONTEND=none NEEDRESTART_SUSPEND=1
folder=$(umask 077; mkdir -p /run/evcctl; mktemp -d /run/evcctl/apt.XXXXXX)
log=$folder/log
release() { :; }
trap 'release; rm -rf "$folder"' EXIT
end=$(( $(date +%s) + 600 ))
patiently() {
  while :; do
    { code=0; "$@" 2>&1 || code=$?; echo "$code" >"$folder/code"; } | tee "$log"
    code=$(cat "$folder/code")
    if [ "$code" = 0 ]; then return 0; fi
    if ! grep -Eq 'Could not get lock|Unable to (acquire|lock)|locked by another process' "$log"; then return "$code"; fi
    if [ "$(date +%s)" -ge "$end" ]; then return "$code"; fi
    echo "waiting for another package manager$(sed -n -E 's/.*(held by process [0-9]+ \([^)]*\)).*/: \1/p' "$log" | head -n 1)"
    sleep 3
  done
}
apt() { patiently apt-get -q -y -o DPkg::Lock::Timeout=30 -o Acquire::Retries=2 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@"; }
release() {
  for unit in 'nginx.service'; do
    if [ -e "/var/lib/evcctl/keep-disabled/$unit" ]; then
      systemctl unmask --quiet --runtime -- "$unit"
      if [ "$(systemctl show -p LoadState --value -- "$unit")" = not-found ]; then rm -f "/var/lib/evcctl/keep-disabled/$unit"; fi
    fi
  done
}
for unit in 'nginx.service'; do
  if [ -e "/var/lib/evcctl/keep-disabled/$unit" ] || [ "$(systemctl show -p LoadState --value -- "$unit")" = not-found ]; then
    (umask 077; mkdir -p /var/lib/evcctl/keep-disabled)
    : >"/var/lib/evcctl/keep-disabled/$unit"
    { sync -- "/var/lib/evcctl/keep-disabled/$unit" /var/lib/evcctl/keep-disabled 2>/dev/null || sync; }
    systemctl mask --quiet --runtime -- "$unit"
  fi
done
patiently dpkg --configure -a --force-confdef --force-confold || :
more=
for name in $(apt-get -q --simulate -o Debug::NoLocking=1 -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= install --fix-broken --no-remove 2>/dev/null | sed -n -E 's/^Inst ([^ :]+).*/\1/p'); do
  case '  ' in *" $name "*) ;; *) more="$more $name" ;; esac
done
if [ -n "$more" ]; then echo "to complete what a crash left, apt would also install:$more" >&2; exit 1; fi
apt install --fix-broken --no-remove
patiently dpkg --configure -a --force-confdef --force-confold
set -- 'conntrack' 'socat'
candidates=$(apt-cache policy -- "$@" | grep -E '^  Candidate: ' | grep -Evc '\(none\)' || :)
updated=no
if [ "$candidates" -lt $# ]; then apt update || echo 'the package lists could not be fetched'; updated=yes; fi
if ! apt install --no-install-recommends --no-remove -- "$@"; then
  # Lists that are older than what the mirror still has name files that are gone.
  if [ $updated = yes ] || ! grep -Eq '404|Failed to fetch|Unable to fetch' "$log"; then exit 100; fi
  apt update
  apt install --no-install-recommends --no-remove -- "$@"
fi
release
for unit in 'nginx.service'; do
  if [ -e "/var/lib/evcctl/keep-disabled/$unit" ]; then
    systemctl disable --quiet --now -- "$unit"
    rm -f "/var/lib/evcctl/keep-disabled/$unit"
  fi
done
