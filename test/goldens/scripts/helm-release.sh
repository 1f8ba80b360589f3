### helm release:cilium on cp1: probe
if [ ! -s /etc/kubernetes/admin.conf ] || [ -e /var/lib/kubelet/evcctl-unfinished ] || { [ -e /var/lib/evcctl/kubeadm-reset.unfinished ] && ! { stat -c '%n %i %Z' /etc/kubernetes/kubelet.conf /etc/kubernetes/admin.conf /etc/kubernetes/manifests/kube-apiserver.yaml 2>/dev/null | grep -qvxFf /var/lib/evcctl/kubeadm-reset.unfinished; }; }; then echo api=absent; exit 0; fi
if answer=$(timeout 12 /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=5s get secrets --namespace kube-system --selector owner=helm,name=cilium -o jsonpath='{range .items[*]}{.metadata.labels.version}{"\t"}{.metadata.labels.status}{"\t"}{.metadata.labels.evcctl\.dev/chart}{"\t"}{.metadata.labels.evcctl\.dev/values}{"\t"}{.metadata.labels.evcctl\.dev/revision}{"\n"}{end}' </dev/null)
then printf 'api=answered\n%s\n' "$answer"
else
  if [ $? = 124 ]; then echo 'no answer within 12 s' >&2; fi
  echo api=unreachable
fi

### helm release:cilium on cp1: step 1
again() {
  end=$(( $(date +%s) + 40 ))
  until "$@"; do
    if [ "$(date +%s)" -ge "$end" ]; then return 1; fi
    sleep 1
  done
}
export HOME=/run/evcctl/helm
mkdir -p "$HOME"
trap 'rm -rf "$HOME"' EXIT
records() { /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=30s --namespace kube-system get secrets --selector owner=helm,name=cilium -o go-template='{{range .items}}{{.metadata.labels.version}} {{.metadata.labels.status}} {{or (index .metadata.labels "evcctl.dev/revision") "-"}} {{.metadata.creationTimestamp}}{{"\n"}}{{end}}'; }
newest() {
  found=$(again records)
  read -r revision status made created <<EOF || :
$(printf '%s\n' "$found" | sort -n | tail -n 1)
EOF
  case $revision in *[!0-9]* | '') revision=0;; esac
}
newest
case $status in pending-*)
  if [ "$made" != "$revision" ]; then
    begun=$(date -u -d "$(printf '%s' "$created" | tr T ' ' | tr -d Z)" +%s) || begun=$(date +%s)
    if [ $(( $(date +%s) - begun )) -lt 600 ]; then
      echo "revision $revision is $status, begun $created"
      exit 75
    fi
  fi
  again /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=30s --namespace kube-system delete secret "sh.helm.release.v1.cilium.v$revision" --ignore-not-found >/dev/null ;;
esac
tries=0
newest
# Helm notes these on what it begins, with the number that this will have.
until /usr/local/bin/helm upgrade cilium /etc/evcctl/cilium/chart.tgz --install --kubeconfig /etc/kubernetes/admin.conf --namespace kube-system --values /etc/evcctl/cilium/values.yaml --labels 'evcctl.dev/chart=c5f013912360d1a334f44ef25f36da59,evcctl.dev/values=35eae89ad101eb4bb023c0736c88d143,evcctl.dev/revision='"$(( revision + 1 ))" --history-max 5 >/dev/null
do
  tries=$(( tries + 1 ))
  if [ "$tries" -ge 5 ]; then exit 1; fi
  sleep 2
  newest
done
