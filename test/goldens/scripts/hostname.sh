### hostname:cp1 on cp1: probe
read -r name </proc/sys/kernel/hostname
printf 'now=%s\n' "$name"
[ -f /etc/hostname ] || exit 0
while IFS= read -r name || [ -n "$name" ]; do
  case $name in '' | '#'*) ;; *) printf 'boot=%s\n' "$name"; break ;; esac
done </etc/hostname

### hostname:cp1 on cp1: step 1, of 13 lines
if ! hostnamectl set-hostname 'cp1' 2>/dev/null; then
…
  printf '%s\n' 'cp1' >/etc/hostname.evcctl
…
  printf '%s\n' 'cp1' >/proc/sys/kernel/hostname
…
