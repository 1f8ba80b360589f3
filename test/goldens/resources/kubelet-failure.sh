evidence() {
  {
    printf '%s' '--- on the node:
'
    for component in kube-apiserver etcd kube-controller-manager kube-scheduler; do
      log=$(ls -t /var/log/pods/kube-system_"$component"-*/"$component"/*.log 2>/dev/null | head -n 1)
      if [ -n "$log" ]; then
        # Docker's logs are lines of JSON, those of the others begin with time and stream.
        sed -n -e 's/^[^ ]* std[a-z]* [FP] //p' -e 's/^{"log":"\(.*\)\\n",.*$/\1/p' "$log" | sed "s/^/$component: /" |
          grep -iE ': (error|panic|[EF][0-9]{4} )|fatal' | tail -n 2 | cut -c 1-400
      fi
    done
    journalctl -u kubelet -n 400 -o cat --no-pager 2>/dev/null | grep -E '^E[0-9]{4} |[Ff]ailed|rror:' |
      grep -v 'connection refused' | tail -n 3 | sed 's/^/kubelet: /' | cut -c 1-400
  } >&2
}
