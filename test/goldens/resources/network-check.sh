# functions of in-cgroup.sh
tab=$(printf '\t') pid=
for entry in $(grep -l -s -- '[w]ww-prefix=/evcctl-network-check-0011aabb/' /proc/[0-9]*/cmdline); do
  entry=${entry%/cmdline}
  if in_cgroup "$entry" 'pod00000002[-_]1111[-_]2222[-_]3333[-_]444444444444[^0-9a-f]'; then pid=${entry##*/}; fi
done
if [ -z "$pid" ]; then echo 'no pod of the check runs on w2' >&2; exit 1; fi
dns=$(head -c 4096 "/proc/$pid/root/etc/resolv.conf" 2>/dev/null | grep -E '^(nameserver|search|options) ' || :)
one_line() { tr '\n\t' '  ' | sed 's/ *$//' | cut -c 1-300; }
get() {
  seconds=$1 url=$2
  shift 2
  env -i LC_ALL=C "PATH=$PATH" timeout $(( seconds + 5 )) nsenter --target "$pid" --net \
    unshare --mount sh -c 'mount -t tmpfs tmpfs /etc && printf "%s\n" "$1" >/etc/resolv.conf && shift && exec "$@"' sh "$dns" \
    '/usr/local/bin/kubectl' "--server=$url" "--request-timeout=${seconds}s" "$@" 2>&1
}
end=$(( $(date +%s) + 20 ))
# Answers that come at once, like a refusal, are not asked for again at once.
again() { sleep 1; [ "$(date +%s)" -lt "$end" ]; }
peer() {
  state=silent said=
  while :; do
    if said=$(get 5 "http://$3:18400" get --raw /evcctl-network-check-0011aabb/name); then
      if [ "$said" != "$2" ]; then state=other; break; fi
      if said=$(get 5 "http://$3:18400" get --raw /evcctl-network-check-0011aabb/large) && [ "${#said}" -ge 16384 ]
      then state=reached said=; break; fi
      state=large
    fi
    again || break
  done
  hosts=
  if [ "$state" != reached ]; then
    hosts=no
    if curl -q --silent --insecure --output /dev/null --max-time 5 "https://$4:10250/healthz"; then hosts=yes; fi
  fi
  printf 'pair=%s\t%s\t%s\t%s\n' "$1" "$state" "$hosts" "$(printf '%s' "$said" | one_line)"
}
# Without a token kubectl would ask for a name and a password; that this one is refused is an answer.
service() {
  while :; do
    state=reached
    said=$(get 12 https://kubernetes.default.svc --insecure-skip-tls-verify --token=nobody get --raw /version) || case $said in
      *Unauthorized* | *Forbidden* | *forbidden*) ;;
      *lookup*) state=dns ;;
      *) state=service ;;
    esac
    if [ "$state" = reached ]; then said=; break; fi
    again || break
  done
  printf 'service=%s\t%s\n' "$state" "$(printf '%s' "$said" | one_line)"
}
results=$(
  peer 'cp1' 'evcctl-network-check-0011aabb-cp1' '10.244.0.5' '192.0.2.10' &
  peer 'w1' 'evcctl-network-check-0011aabb-w1' '10.244.1.5' '192.0.2.11' &
  service &
  wait
)
printf '%s\n' "$results"
# One that was ended before it could say anything has reached nobody.
if [ "$(printf '%s\n' "$results" | grep -c -e '^pair=' -e '^service=')" -ne 3 ]; then exit 1; fi
case $results in *"${tab}silent${tab}"* | *"${tab}large${tab}"* | *"${tab}other${tab}"* | *service=dns* | *service=service*) exit 1;; esac
