gate_api() {
  (
    mkdir -p /run/evcctl
    cat >/run/evcctl/api-gate.new <<'EVCCTL' && mv -fT /run/evcctl/api-gate.new /run/evcctl/api-gate || exit
# functions of own-process.sh
rule() {
  "$1" -w 5 "$2" INPUT ! -i lo -p tcp --dport "$3" -m conntrack --ctstate NEW -m comment --comment 'evcctl: the API server starts' -j REJECT --reject-with tcp-reset 2>/dev/null
}
open_gate() {
  for tables in iptables ip6tables; do
    for try in $(seq 15); do
      code=0
      rule "$tables" -D "$1" || code=$?
      case $code in 0|4) ;; *) break ;; esac
    done
  done
}
close_gate() {
  open_gate "$1"
  for tables in iptables ip6tables; do rule "$tables" -I "$1" || :; done
}
ready() {
  /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=5s --server="https://127.0.0.1:$1" get --raw /readyz >/dev/null 2>&1
}
case $1 in
  open) open_gate "$2" ;;
  begin)
    process_of kube-apiserver >/run/evcctl/api-gate.former
    if [ ! -s /run/evcctl/api-gate.former ] || ! ready "$2"; then close_gate "$2"; fi ;;
  keep)
    former=$(cat /run/evcctl/api-gate.former)
    if [ -n "$former" ]; then
      end=$(( $(date +%s) + 60 ))
      serves=
      while [ -e "/proc/$former" ]; do
        if [ "$serves" ]; then
          if [ "$(date +%s)" -ge "$end" ]; then exit 0; fi
        elif ready "$2"; then
          serves=yes
          open_gate "$2"
        fi
        sleep 0.1
      done
      close_gate "$2"
    fi
    until ready "$2"; do sleep 0.3; done ;;
esac
EVCCTL
    systemctl stop evcctl-api-gate.service
    systemd-run --quiet --collect --unit evcctl-api-gate.service --property RuntimeMaxSec=300 --property TimeoutStopSec=150 \
      --property "ExecStartPre=/bin/sh /run/evcctl/api-gate begin $1" --property "ExecStopPost=/bin/sh /run/evcctl/api-gate open $1" /bin/sh /run/evcctl/api-gate keep "$1"
  ) >/dev/null 2>&1 || :
}
