### swap:off on cp1: probe
(
TZ=UTC systemctl show -p Id,Names,LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,ExecMainStartTimestamp,ActiveEnterTimestamp -- 'swap.target' 'dphys-swapfile.service' 'zramswap.service' 'zram-config.service' 'nvzramconfig.service' 'armbian-zram-config.service' '*.swap'
cd /var/lib/evcctl/started 2>/dev/null || exit 0
set --
for unit in 'swap.target' 'dphys-swapfile.service' 'zramswap.service' 'zram-config.service' 'nvzramconfig.service' 'armbian-zram-config.service'; do
  if [ -e "$unit" ]; then set -- "$@" "$unit"; echo "stamp=$unit"; fi
done
if [ $# -gt 0 ]; then grep -H '' -- "$@" || :; fi
)
{
  read -r heading
  while IFS= read -r line; do printf 'active=%s\n' "$line"; done
} </proc/swaps
if [ -e /etc/fstab ]; then sed -n -E -e '/^[[:space:]]*[^#[:space:]][^[:space:]]*[[:space:]]+[^[:space:]]+[[:space:]]+swap([[:space:]]|$)/s/^/fstab=/p' -e '/^# [[:space:]]*[^#[:space:]][^[:space:]]*[[:space:]]+[^[:space:]]+[[:space:]]+swap([[:space:]]|$)/s/^# /commented=/p' /etc/fstab; fi
if [ -f '/var/lib/evcctl/before/swap' ]; then
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in '' | [#\;]*) ;; *) printf 'before=%s\n' "$line" ;; esac
  done <'/var/lib/evcctl/before/swap'
fi

### swap:off on cp1: step 1
if [ ! -e '/var/lib/evcctl/before/swap' ]; then
  umask 077
  mkdir -p /var/lib/evcctl/before
  cat >'/var/lib/evcctl/before/swap.new'
  { sync -- '/var/lib/evcctl/before/swap.new' 2>/dev/null || sync; }
  mv -fT '/var/lib/evcctl/before/swap.new' '/var/lib/evcctl/before/swap'
fi
