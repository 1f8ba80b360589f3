### hostname:cp1 on cp1: probe
read -r name </proc/sys/kernel/hostname
printf 'now=%s\n' "$name"
if [ -f '/var/lib/evcctl/before/hostname' ]; then
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in '' | [#\;]*) ;; *) printf 'before=%s\n' "$line" ;; esac
  done <'/var/lib/evcctl/before/hostname'
fi
[ -f /etc/hostname ] || exit 0
while IFS= read -r name || [ -n "$name" ]; do
  case $name in '' | '#'*) ;; *) printf 'boot=%s\n' "$name"; break ;; esac
done </etc/hostname

### hostname:cp1 on cp1: step 1
if [ ! -e '/var/lib/evcctl/before/hostname' ]; then
  umask 077
  mkdir -p /var/lib/evcctl/before
  cat >'/var/lib/evcctl/before/hostname.new'
  { sync -- '/var/lib/evcctl/before/hostname.new' 2>/dev/null || sync; }
  mv -fT '/var/lib/evcctl/before/hostname.new' '/var/lib/evcctl/before/hostname'
fi

### hostname:cp1 on cp1: step 2, of 13 lines
if ! hostnamectl set-hostname 'cp1' 2>/dev/null; then
…
  printf '%s\n' 'cp1' >/etc/hostname.evcctl
…
  printf '%s\n' 'cp1' >/proc/sys/kernel/hostname
…
