umask 077
if command -v evcctl_proxies >/dev/null; then evcctl_proxies; fi
mkdir -p /var/cache/evcctl
site='192.0.2.5'
url='http://192.0.2.5/pause.tar'
want=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
part=/var/cache/evcctl/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.part
total=0
down='/run/evcctl/down-192.0.2.5'
configuration=$(cat)
size_of() { stat -c %s "$part" 2>/dev/null || echo 0; }
fail() { code=$1; shift; printf '%s\n' "$@" >&2; exit "$code"; }
no_space() {
  free=$(df -Pk /var/cache/evcctl | awk 'NR == 2 { print $4 }')
  rm -f "$part"
  fail 82 "no space left in /var/cache/evcctl ($free KiB free)"
}
too_large() {
  rm -f "$part"
  fail 84 'more than 8589934592 bytes'
}
progress() {
  before=$(size_of)
  while sleep 1 >/dev/null 2>&1; do
    now=$(size_of)
    if [ "$total" -eq 0 ]; then
      total=$(sed -n 's/^[Cc]ontent-[Ll]ength: *\([0-9]*\).*/\1/p' "$part.headers" 2>/dev/null | tail -n 1)
      total=$(( ${total:-0} == 0 ? 0 : total + ${start:-0} ))
    fi
    rate=$(( now > before ? (now - before) / 100000 : 0 ))
    if [ "$total" -gt 0 ]; then of=" of $(( total / 1000000 ))"; else of=; fi
    echo "$(( now / 1000000 ))$of MB from $site, $(( rate / 10 )).$(( rate % 10 )) MB/s" >&2
    before=$now
  done
}
fetch() {
  start=$(size_of)
  progress &
  watcher=$!
  status=0
  printf '%s\n' "$configuration" | ( ulimit -f 16777216 2>/dev/null || :; exec curl -q --config - --globoff --fail --location --silent --show-error --continue-at - \
    --max-filesize 8589934592 --connect-timeout 15 --speed-limit 1024 --speed-time 25 --proto =http,https \
    --dump-header "$part.headers" --write-out '%{http_code} %{http_connect}' --output "$part" "$url" >"$part.code" 2>"$part.error" ) || status=$?
  kill "$watcher" 2>/dev/null || :
  wait "$watcher" 2>/dev/null || :
  read -r http tunnel <"$part.code" || :
  error=$(tail -n 1 "$part.error")
  rm -f "$part.headers" "$part.code" "$part.error"
}
download() {
  idle=0
  most=4
  # What counts is what has never been there before: a mirror that knows no ranges begins from nothing each time.
  largest=$(size_of) restarts=0
  if [ -n "$(find "$down" -mmin -5 2>/dev/null)" ]; then most=1; fi
  while :; do
    fetch
    if [ "$http" = 407 ]; then tunnel=407; fi
    case ${tunnel:-000} in 4??) fail 80 "tunnel $tunnel" "$error";; esac
    case $status in
      0) rm -f "$down"; return 0;;
      63|153) too_large;;
      23)
        if [ "$(size_of)" -ge 8589934592 ]; then too_large; fi
        no_space;;
      22)
        case $http in
          416) return 0;;
          408|429|5*) ;;
          *) fail 80 "http $http" "$error";;
        esac;;
      33)
        rm -f "$part"
        restarts=$(( restarts + 1 ))
        if [ "$restarts" -ge "$most" ]; then idle=$most; fi;;
      1|2|3|60|77) fail 80 "curl $status" "clock $(date +%s)" "$error";;
    esac
    size=$(size_of)
    if [ "$size" -gt "$largest" ]; then idle=0 largest=$size; else idle=$(( idle + 1 )); fi
    if [ "$idle" -ge "$most" ]; then
      mkdir -p /run/evcctl
      : >"$down"
      fail 80 "curl $status" "http ${http:-000}" "$error"
    fi
    echo "${error:-interrupted}; trying again" >&2
    sleep $(( 1 << idle ))
  done
}
if ! command -v curl >/dev/null; then fail 83 'curl is not installed'; fi
resumed=$(size_of)
hash() { sha256sum <"$part" | cut -c 1-64; }
came=
if [ "$resumed" -gt 0 ]; then came=$(hash); fi
if [ "$came" != "$want" ]; then
  download
  came=$(hash)
fi
if [ "$came" != "$want" ] && [ "$resumed" -gt 0 ]; then
  rm -f "$part"
  download
  came=$(hash)
fi
if [ "$came" != "$want" ]; then
  size=$(size_of)
  rm -f "$part"
  fail 81 "sha256 $came" "bytes $size"
fi
umask 077
mkdir -p /var/lib/evcctl/images
keep_or_remove() {
  free=$(df -Pk "$part" 2>/dev/null | awk 'NR == 2 { print $4 }')
  if [ "${free:-0}" -lt 1048576 ]; then rm -f "$part"; fi
}
trap keep_or_remove EXIT
echo "importing"
/usr/local/bin/ctr --namespace k8s.io images import --local --label evcctl.dev/archive=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa "$part"
/usr/local/bin/ctr --namespace k8s.io images list -q 'labels."evcctl.dev/archive"==aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' >/var/lib/evcctl/images/.next
if [ ! -s /var/lib/evcctl/images/.next ]; then echo 'no images in the archive' >&2; exit 1; fi
# Once they are on record nobody looks for what is left of the download, so that goes before.
rm -f "$part"
mv -fT /var/lib/evcctl/images/.next /var/lib/evcctl/images/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
