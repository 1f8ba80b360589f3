kubelet_ended() {
  running=$(systemctl show -p MainPID --value kubelet 2>/dev/null || :)
  journalctl -u kubelet --since="@$1" -o short --all --no-pager --quiet 2>/dev/null | sed -nE 's/^[^[]*\[([0-9]+)\]: E[0-9]{4} [0-9:.]+ +\1 ([a-z_]+[.]go:[0-9]+\] "(command failed|Failed to start ContainerManager)".*)/\1 \2/p
s/^[^[]*\[([0-9]+)\]: \{"ts":[^"]*"caller":"[^"]*",("msg":"(command failed|Failed to start ContainerManager)".*)/\1 \2/p
s/^[^[]*\[([0-9]+)\]: F[0-9]{4} [0-9:.]+ +\1 (.*)/\1 \2/p
s/^[^[]*\[([0-9]+)\]: (panic: .*)/\1 \2/p' |
    awk -v running="$running" '$1 != running { last[$1] = $0 } END { for (process in last) print last[process] }' |
    sed 's/^[0-9]* //' | grep -vE 'connection refused|i/o timeout|[Dd]eadline[ E]xceeded|TLS handshake|EOF|no route to host|no such host|certificate signing request|Unauthorized|forbidden|context canceled' | sort | uniq -c -w 120 | sort -rn | head -n 1 | {
    read -r times words && [ "$times" -ge "$2" ] && printf '%s\n' "$words" | cut -c 1-600
  }
}
watch_kubelet() {
  since= told= looked=0
  # What is left of it when it is ended must not keep the output open.
  while sleep 1 >/dev/null 2>&1 && kill -s 0 "$$" 2>/dev/null; do
    now=$(date +%s)
    if [ -z "$since" ]; then
      # -nt of dash knows whole seconds only.
      if [ -e /var/lib/kubelet/config.yaml ] && [ -z "$(find /run/evcctl/kubeadm.pid -newer /var/lib/kubelet/config.yaml 2>/dev/null)" ]; then since=$now looked=$now; fi
      continue
    fi
    if [ $(( now - looked )) -lt 3 ]; then continue; fi
    looked=$now
    words=$(kubelet_ended "$since" 1) || continue
    if [ "$words" != "$told" ]; then echo "the kubelet has ended: $words"; told=$words; fi
    if words=$(kubelet_ended "$since" 3); then
      printf '%s\n' "$words" >/run/evcctl/kubelet.given-up
      kill "$(cat /run/evcctl/kubeadm.pid)" 2>/dev/null || :
      break
    fi
  done
}
watched() {
  mkdir -p /run/evcctl
  rm -f /run/evcctl/kubelet.given-up /run/evcctl/kubeadm.pid
  ended=0
  watch_kubelet &
  watcher=$!
  sh -c 'echo "$$" >/run/evcctl/kubeadm.pid; exec "$@"' sh "$@" || ended=$?
  kill "$watcher" 2>/dev/null || :
  wait "$watcher" 2>/dev/null || :
  rm -f /run/evcctl/kubeadm.pid
  if [ "$ended" -ne 0 ] && [ -s /run/evcctl/kubelet.given-up ]; then echo "the kubelet ends again and again: $(cat /run/evcctl/kubelet.given-up)" >&2; fi
  rm -f /run/evcctl/kubelet.given-up
  return "$ended"
}
