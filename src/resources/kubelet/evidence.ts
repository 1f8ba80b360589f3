/** The line between the output of kubeadm and the evidence from the node. */
export const kubeletMark = '--- on the node:\n'

/**
 * Shell function `evidence`: prints to stderr the last log lines of the kubelet, and of the control plane components if
 * there are any. They show why kubeadm waited in vain.
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

// Errors of the kubelet that do not pass by waiting. A registry that cannot be reached is none of them.
const startErrors = [
  'RunContainerError',
  'CreateContainerError',
  'CreateContainerConfigError',
  'InvalidImageName',
  'ErrImageNeverPull',
]

/**
 * Shell function `cannot_start COMPONENT SINCE`: succeeds when it is certain that a static pod of the control plane does not
 * start, however long one waits. That is when its container has ended once since the file SINCE was written, and logged that
 * it does not understand its arguments, or when its container could not be created or started twice, e.g. because the image lacks
 * the program: the kubelet logs that, and its log is looked at every five seconds. An API server and etcd, which wait for no
 * other component here, may also end three times for any reason. The pod has to be younger than that file, because the former pod may still restart for a moment.
 * Logs are numbered by restarts (`0.log`, `1.log`), also Docker's (docs of the CRI, container log path).
 */
export const cannotStartFunction = `cannot_start() {
  case $(date +%s) in *[05])
    failures=$(journalctl -u kubelet --since="@$(stat -c %Y "$2")" -o cat --no-pager --quiet 2>/dev/null |
      grep -cE "for ..$1.. with (${startErrors.join('|')})" || :)
    if [ "\${failures:-0}" -ge 2 ]; then return 0; fi ;;
  esac
  log=$(ls -t /var/log/pods/kube-system_"$1"-*/"$1"/[1-9]*.log 2>/dev/null | head -n 1)
  [ -n "$log" ] && [ "\${log%/*/*}" -nt "$2" ] || return 1
  case $1:\${log##*/} in
  kube-apiserver:[12].log | etcd:[12].log) ;;
  kube-apiserver:* | etcd:*) return 0 ;;
  esac
  grep -qE 'unknown (shorthand )?flag|invalid argument|flag needs an argument|bad flag syntax|unrecognized feature gate' "$log"
}
`

// Messages that the kubelet prints right before it exits: cmd/kubelet/app and pkg/kubelet of k8s.io/kubernetes 1.34 to 1.36,
// and the output of klog and Go on Fatal and panic.
const lastWords = '"command failed"|[Ff]ailed to run [Kk]ubelet|Failed to start ContainerManager|^F[0-9]{4} |^panic: '
// Errors that may disappear at the next attempt: an API server or a runtime that is not up yet.
const passing =
  'connection refused|i/o timeout|[Dd]eadline[ E]xceeded|TLS handshake|EOF|no route to host|no such host|certificate signing request|Unauthorized|forbidden|context canceled'

/** How often the kubelet has to exit with the same message until it is certain that it cannot start. */
export const certainEnds = 3

/**
 * Shell function `kubelet_ended SINCE TIMES`: prints the message with which the kubelet exited most often since SINCE
 * (seconds since the epoch), and succeeds when that was at least TIMES times. systemd restarts it every 2 s. Messages with
 * the same beginning count as the same, because the kubelet lists paths in another order each time.
 */
export const kubeletEndedFunction = `kubelet_ended() {
  journalctl -u kubelet --since="@$1" -o cat --no-pager --quiet 2>/dev/null | grep -E '${lastWords}' | grep -vE '${passing}' |
    sed 's/^[EF][0-9][0-9]* [0-9:.]* *[0-9]* //' | sort | uniq -c -w 120 | sort -rn | head -n 1 | {
    read -r times words && [ "$times" -ge "$2" ] && printf '%s\\n' "$words" | cut -c 1-600
  }
}
`
