### file:/etc/evcctl/nginx-proxy.conf on cp1: probe
(
lf='
' IFS='
'
set -f
for folder in '/etc/evcctl'; do
  if [ -d "$folder" ]; then printf 'folder=%s\n' "$folder"; fi
done
set -- '/etc/evcctl/nginx-proxy.conf'
for path do
  if [ ! -e "$path" ] && [ ! -L "$path" ]; then printf 'absent=%s\n' "$path"; fi
done
found=$(stat -c '%s|%a|%u:%g|%U:%G|%F|%n' -- "$@" 2>/dev/null)
set --
for line in $found; do
  printf 'stat=%s\n' "$line"
  path=${line#*|*|*|*|*|}
  if [ -L "$path" ]; then printf 'link=%s|%s\n' "$(readlink -- "$path")" "$path"
  elif [ -f "$path" ]; then set -- "$@" "$path"
  elif [ -d "$path" ] && [ -n "$(ls -A -- "$path" | head -n 1)" ]; then printf 'filled=%s\n' "$path"
  fi
done
if [ $# -gt 0 ]; then sha256sum -- "$@"; fi
shown=$lf'/etc/evcctl/nginx-proxy.conf'$lf
set --
for line in $found; do
  path=${line#*|*|*|*|*|}
  case $shown in *"$lf$path$lf"*) ;; *) continue ;; esac
  if [ -f "$path" ] && [ ! -L "$path" ] && [ "${line%%|*}" -le 262144 ]; then
    printf 'shown=%s|%s\n' "${line%%|*}" "$path"
    set -- "$@" "$path"
  fi
done
echo contents
if [ $# -gt 0 ]; then cat -- "$@" | base64; fi
)

### file:/etc/evcctl/nginx-proxy.conf on cp1: step 1, of 2 lines
…
mkdir -p '/etc/evcctl'
