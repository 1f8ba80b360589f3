/** Stands between what kubeadm said and what the node said. */
export const kubeletMark = '--- on the node:\n'

/**
 * Shell function `evidence`: prints to stderr what the kubelet, and the control plane components if there are any, said
 * last. They know why kubeadm waited in vain.
 */
export const kubeletFailureScript = `evidence() {
  {
    printf '%s' '${kubeletMark}'
    for component in kube-apiserver etcd kube-controller-manager kube-scheduler; do
      log=$(ls -t /var/log/pods/kube-system_"$component"-*/"$component"/*.log 2>/dev/null | head -n 1)
      if [ -n "$log" ]; then
        # Docker's logs are lines of JSON, those of the others begin with time and stream.
        sed -n -e 's/^[^ ]* std[a-z]* [FP] //p' -e 's/^{"log":"\\(.*\\)\\\\n",.*$/\\1/p' "$log" | sed "s/^/$component: /" |
          grep -iE ': (error|panic|[EF][0-9]{4} )|fatal' | tail -n 2 | cut -c 1-400
      fi
    done
    journalctl -u kubelet -n 400 -o cat --no-pager 2>/dev/null | grep -E '^E[0-9]{4} |[Ff]ailed|rror:' |
      grep -v 'connection refused' | tail -n 3 | sed 's/^/kubelet: /' | cut -c 1-400
  } >&2
}
`

/**
 * Shell function `cannot_start COMPONENT SINCE`: true when a static pod of the control plane has ended twice since the file
 * SINCE was written, and said that it does not understand its arguments: however long one waits, it will not come up. The
 * pod has to be younger than that file: the one before it may still be restarted for a moment.
 * Logs are numbered by restarts (`0.log`, `1.log`), also by Docker's (docs of the CRI, container log path).
 */
export const cannotStartFunction = `cannot_start() {
  log=$(ls -t /var/log/pods/kube-system_"$1"-*/"$1"/[1-9]*.log 2>/dev/null | head -n 1)
  [ -n "$log" ] && [ "\${log%/*/*}" -nt "$2" ] &&
    grep -qE 'unknown (shorthand )?flag|invalid argument|flag needs an argument|bad flag syntax|unrecognized feature gate' "$log"
}
`

// What the kubelet prints right before it ends by itself: cmd/kubelet/app and pkg/kubelet of k8s.io/kubernetes 1.34 to 1.36,
// and what klog and Go print on Fatal and panic.
const lastWords = '"command failed"|[Ff]ailed to run [Kk]ubelet|Failed to start ContainerManager|^F[0-9]{4} |^panic: '
// What another attempt may bring: an API server or a runtime that is about to come.
const passing =
  'connection refused|i/o timeout|[Dd]eadline[ E]xceeded|TLS handshake|EOF|no route to host|no such host|certificate signing request|Unauthorized|forbidden|context canceled'

/** So often the kubelet has to end with the same words until it is certain that it does not come up. */
export const certainEnds = 3

/**
 * Shell function `kubelet_ended SINCE TIMES`: prints the words with which the kubelet ended most often since SINCE (seconds
 * since the epoch), and succeeds when that was at least TIMES times. systemd starts it again every 2 s. What begins alike is
 * the same: the kubelet lists paths in another order each time.
 */
export const kubeletEndedFunction = `kubelet_ended() {
  journalctl -u kubelet --since="@$1" -o cat --no-pager --quiet 2>/dev/null | grep -E '${lastWords}' | grep -vE '${passing}' |
    sed 's/^[EF][0-9][0-9]* [0-9:.]* *[0-9]* //' | sort | uniq -c -w 120 | sort -rn | head -n 1 | {
    read -r times words && [ "$times" -ge "$2" ] && printf '%s\\n' "$words" | cut -c 1-600
  }
}
`
