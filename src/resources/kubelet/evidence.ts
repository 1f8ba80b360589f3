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

// Tenants of the cluster write parts of the logs below: names of containers, commands, even whole lines (mount-utils prints the
// path of a volume with its line breaks). So a message counts only where the program itself puts it, right after the head of a line.
const kubeletSays = '^(E[0-9]{4} [^]"]*] |\\{"ts":[^"]*"caller":"[^"]*","msg":)'

// How components of the control plane, and etcd, say that they do not understand their arguments, in a line of a container's
// log, of the CRI or of Docker. The API server says it before anything that others may have named; the controller manager and the
// scheduler print all their flags first, some 450 lines (1.35 to 1.37), and end with it.
const argumentErrors =
  '^([^ ]+ std[a-z]+ [FP] |\\{"log":")(Error: |E[0-9]{4} [^]"]*] \\\\?"command failed\\\\?" err=|\\{\\\\?"level.*\\\\?"failed to verify flags).*(unknown (shorthand )?flag|invalid argument|flag needs an argument|bad flag syntax|unrecognized feature gate)'

/**
 * Shell function `cannot_start COMPONENT SINCE`: succeeds when it is certain that a static pod of the control plane does not
 * start, however long one waits. That is when its container has ended once since the file SINCE was written, and logged that
 * it does not understand its arguments, or when its container could not be created or started twice, e.g. because the image lacks
 * the program: the kubelet logs that, and its log is looked at every five seconds. An API server and etcd, which wait for no
 * other component here, may also end three times for any reason. The pod has to be younger than that file, because the former pod may still restart for a moment.
 * Logs are numbered by restarts (`0.log`, `1.log`), also Docker's (docs of the CRI, container log path).
 *
 * The pod is known by its UID, which is in the name of its folder of logs. That of a static pod is a hash of 32 digits of its
 * manifest, which no tenant of the cluster knows before the pod is there; UIDs of other pods have dashes.
 */
export const cannotStartFunction = `cannot_start() {
  folder=$(ls -td /var/log/pods/kube-system_"$1"-* 2>/dev/null | grep -E '_[0-9a-f]{32}$' | head -n 1)
  [ -n "$folder" ] && [ "$folder" -nt "$2" ] || return 1
  case $(date +%s) in *[05])
    failures=$(journalctl -u kubelet --since="@$(stat -c %Y "$2")" -o cat --no-pager --quiet 2>/dev/null |
      grep -E '${kubeletSays}"Error syncing pod, skipping"' | grep -E 'podUID"?[=:]"'"\${folder##*_}"'"' |
      grep -cE "for ..$1.. with (${startErrors.join('|')})" || :)
    if [ "\${failures:-0}" -ge 2 ]; then return 0; fi ;;
  esac
  log=$(ls -t "$folder/$1"/[1-9]*.log 2>/dev/null | head -n 1)
  [ -n "$log" ] || return 1
  case $1:\${log##*/} in
  kube-apiserver:[12].log | etcd:[12].log) ;;
  kube-apiserver:* | etcd:*) return 0 ;;
  esac
  { head -n 20 "$log"; case $1 in kube-controller-manager | kube-scheduler) tail -n 2 "$log" ;; esac; } | grep -qE '${argumentErrors}'
}
`

// Messages that the kubelet logs right before it exits: cmd/kubelet/app, pkg/kubelet and component-base/cli of k8s.io/kubernetes
// 1.34 to 1.37. "command failed" has all errors from before the kubelet runs.
const lastMessage = '"(command failed|Failed to start ContainerManager)"'
// The head of a line of journalctl, with the process that wrote it; and what klog puts before a message, with the same process.
const fromProcess = '^[^[]*\\[([0-9]+)\\]: '
const klogHead = '[0-9]{4} [0-9:.]+ +\\1 '
// Of each such line the process and the message. The last two are the output of klog and Go on Fatal and panic.
const lastWords = `s/${fromProcess}E${klogHead}([a-z_]+[.]go:[0-9]+\\] ${lastMessage}.*)/\\1 \\2/p
s/${fromProcess}\\{"ts":[^"]*"caller":"[^"]*",("msg":${lastMessage}.*)/\\1 \\2/p
s/${fromProcess}F${klogHead}(.*)/\\1 \\2/p
s/${fromProcess}(panic: .*)/\\1 \\2/p`
// Errors that may disappear at the next attempt: an API server or a runtime that is not up yet.
const passing =
  'connection refused|i/o timeout|[Dd]eadline[ E]xceeded|TLS handshake|EOF|no route to host|no such host|certificate signing request|Unauthorized|forbidden|context canceled'

/** How often the kubelet has to exit with the same message until it is certain that it cannot start. */
export const certainEnds = 3

/**
 * Shell function `kubelet_ended SINCE TIMES`: prints the message with which the kubelet exited most often since SINCE
 * (seconds since the epoch), and succeeds when that was at least TIMES times. systemd restarts it every 2 s. Messages with
 * the same beginning count as the same, because the kubelet lists paths in another order each time. Each process counts once,
 * by its last message, and the one that runs does not count: whatever it logs, it has not ended.
 */
export const kubeletEndedFunction = `kubelet_ended() {
  running=$(systemctl show -p MainPID --value kubelet 2>/dev/null || :)
  journalctl -u kubelet --since="@$1" -o short --all --no-pager --quiet 2>/dev/null | sed -nE '${lastWords}' |
    awk -v running="$running" '$1 != running { last[$1] = $0 } END { for (process in last) print last[process] }' |
    sed 's/^[0-9]* //' | grep -vE '${passing}' | sort | uniq -c -w 120 | sort -rn | head -n 1 | {
    read -r times words && [ "$times" -ge "$2" ] && printf '%s\\n' "$words" | cut -c 1-600
  }
}
`
