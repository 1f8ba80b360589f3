### drain:cp4 on cp1: probe, of 27 lines
…
for path in '/api/v1/nodes'; do set -- "$@" "$server$path"; done
…
if [ ! -s /etc/kubernetes/admin.conf ] || [ -e /var/lib/kubelet/evcctl-unfinished ] || { [ -e /var/lib/evcctl/kubeadm-reset.unfinished ] && ! { stat -c '%n %i %Z' /etc/kubernetes/kubelet.conf /etc/kubernetes/admin.conf /etc/kubernetes/manifests/kube-apiserver.yaml 2>/dev/null | grep -qvxFf /var/lib/evcctl/kubeadm-reset.unfinished; }; }; then exit 0; fi
if rows=$(timeout 4 /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=4s get pods '--field-selector=spec.nodeName=cp4' --all-namespaces -o 'jsonpath={range .items[*]}{.kind}{"\t"}{.metadata.namespace}{"\t"}{.metadata.name}{"\t"}{.spec.nodeName}{"\t"}{.status.phase}{"\t"}{.status.conditions[?(@.type=="Ready")].status}{"\t"}{.metadata.ownerReferences[?(@.controller==true)].kind}{"\t"}{.metadata.annotations.kubernetes\.io/config\.mirror}{"\t"}{.metadata.deletionTimestamp}{"\t"}{.spec.volumes[*].emptyDir}{"\t"}{.metadata.labels}{"\t"}{.status.disruptionsAllowed}{"\t"}{.status.currentHealthy}{"\t"}{.status.desiredHealthy}{"\t"}{.spec.unhealthyPodEvictionPolicy}{"\t"}{.spec.selector}{"\n"}{end}' </dev/null && timeout 4 /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=4s get poddisruptionbudgets --all-namespaces -o 'jsonpath={range .items[*]}{.kind}{"\t"}{.metadata.namespace}{"\t"}{.metadata.name}{"\t"}{.spec.nodeName}{"\t"}{.status.phase}{"\t"}{.status.conditions[?(@.type=="Ready")].status}{"\t"}{.metadata.ownerReferences[?(@.controller==true)].kind}{"\t"}{.metadata.annotations.kubernetes\.io/config\.mirror}{"\t"}{.metadata.deletionTimestamp}{"\t"}{.spec.volumes[*].emptyDir}{"\t"}{.metadata.labels}{"\t"}{.status.disruptionsAllowed}{"\t"}{.status.currentHealthy}{"\t"}{.status.desiredHealthy}{"\t"}{.spec.unhealthyPodEvictionPolicy}{"\t"}{.spec.selector}{"\n"}{end}' </dev/null); then
  echo pods=answered
  printf '%s\n' "$rows" | awk -F '\t' -v names='cp4' '
    BEGIN { count = split(names, list, " "); for (i = 1; i <= count; i++) wanted[list[i]] = 1 }
    $1 != "Pod" || ($4 in wanted)'
else echo pods=unreachable; fi
…

### drain:cp4 on cp1: step 1
again() {
  end=$(( $(date +%s) + 40 ))
  until "$@"; do
    if [ "$(date +%s)" -ge "$end" ]; then return 1; fi
    sleep 1
  done
}
cordon() {
  found=$(/usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=10s get node 'cp4' -o 'jsonpath={.metadata.resourceVersion}{'\'' '\''}{.spec.unschedulable}') || return 1
  case $found in *' true') return 0 ;; esac
  /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=10s patch node 'cp4' --type=merge --patch '{"metadata":{"resourceVersion":"'"${found%% *}"'","annotations":{"evcctl.dev/cordoned-by":"evcctl"}},"spec":{"unschedulable":true}}' >/dev/null
}
again cordon
rows() { timeout 20 /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=10s get "$@" --all-namespaces -o 'jsonpath={range .items[*]}{.kind}{"\t"}{.metadata.namespace}{"\t"}{.metadata.name}{"\t"}{.spec.nodeName}{"\t"}{.status.phase}{"\t"}{.status.conditions[?(@.type=="Ready")].status}{"\t"}{.metadata.ownerReferences[?(@.controller==true)].kind}{"\t"}{.metadata.annotations.kubernetes\.io/config\.mirror}{"\t"}{.metadata.deletionTimestamp}{"\t"}{.spec.volumes[*].emptyDir}{"\t"}{.metadata.labels}{"\t"}{.status.disruptionsAllowed}{"\t"}{.status.currentHealthy}{"\t"}{.status.desiredHealthy}{"\t"}{.spec.unhealthyPodEvictionPolicy}{"\t"}{.spec.selector}{"\n"}{end}' </dev/null; }
# Those that leave: no static pods, and of DaemonSets only those that have ended.
leaving() {
  rows pods '--field-selector=spec.nodeName=cp4' | awk -F '\t' '$1 == "Pod" && $8 == "" && ($7 != "DaemonSet" || $5 == "Succeeded" || $5 == "Failed")'
}
is_lost() { [ "$(timeout 20 /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=10s get node 'cp4' -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}' </dev/null 2>/dev/null)" = Unknown ]; }
lost() { echo 'the node does not report, so its pods are not waited for'; exit 0; }
if is_lost; then lost; fi
end=$(( $(date +%s) + 300 ))
left_seconds() { seconds=$(( end - $(date +%s) )); [ "$seconds" -gt 0 ]; }
drain=
said=$(umask 077; mkdir -p /run/evcctl; mktemp /run/evcctl/drain.XXXXXX)
trap 'rm -f "$said"; if [ -n "$drain" ]; then kill "$drain" 2>/dev/null || :; fi' EXIT
tries=0
while left_seconds; do
  /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=10s drain 'cp4' --ignore-daemonsets --delete-emptydir-data --timeout="${seconds}s" </dev/null >/dev/null 2>"$said" &
  drain=$!
  while kill -0 "$drain" 2>/dev/null; do
    if is_lost; then lost; fi
    if left_seconds && list=$(leaving 2>/dev/null); then printf '%s\n' "$list" | awk -F '\t' -v seconds="$seconds" 'NF > 1 { count++; if (count < 4) names = names (count > 1 ? ", " : "") $2 "/" $3 }
END {
  if (!count) exit
  pods = count == 1 ? "1 pod" : count " pods"
  more = count > 3 ? ", …" : ""
  printf "%s left, %d min %d s before evcctl gives up: %s%s\n", pods, seconds / 60, seconds % 60, names, more
}'; fi
    for pause in 1 2 3 4; do
      if ! kill -0 "$drain" 2>/dev/null; then break; fi
      sleep 1
    done
  done
  if wait "$drain"; then drain=; exit 0; fi
  drain=
  tries=$(( tries + 1 ))
  if [ "$tries" -ge 3 ]; then break; fi
  sleep 2
done
tail -n 5 "$said" | cut -c 1-600 >&2
{ leaving && rows poddisruptionbudgets; } | awk -F '\t' '$1 == "Pod" { spaces[$2] = 1; if (++pods <= 7) print }
$1 == "PodDisruptionBudget" && ($2 in spaces) && $12 == 0 && ++budgets <= 7'
exit 1
