### kubeadm certificates:node on cp1: probe
if { [ -s /etc/kubernetes/manifests/kube-apiserver.yaml ] || { [ -e /var/lib/evcctl/manifests/complete ] && [ -s /var/lib/evcctl/manifests/kube-apiserver.yaml ]; }; } && ! { [ -e /var/lib/kubelet/evcctl-unfinished ] || { [ -e /var/lib/evcctl/kubeadm-reset.unfinished ] && ! { stat -c '%n %i %Z' /etc/kubernetes/kubelet.conf /etc/kubernetes/admin.conf /etc/kubernetes/manifests/kube-apiserver.yaml 2>/dev/null | grep -qvxFf /var/lib/evcctl/kubeadm-reset.unfinished; }; }; }; then
  echo joined=yes
  echo "now=$(date +%s)"
  if [ -e /etc/kubernetes/evcctl-renewed/complete ]; then echo cutOff=yes; fi
  (
    set --
    for file in /etc/kubernetes/pki/ca.crt /etc/kubernetes/pki/etcd/ca.crt /etc/kubernetes/pki/front-proxy-ca.crt /etc/kubernetes/admin.conf /etc/kubernetes/pki/apiserver.crt /etc/kubernetes/pki/apiserver-etcd-client.crt /etc/kubernetes/pki/apiserver-kubelet-client.crt /etc/kubernetes/controller-manager.conf /etc/kubernetes/pki/etcd/healthcheck-client.crt /etc/kubernetes/pki/etcd/peer.crt /etc/kubernetes/pki/etcd/server.crt /etc/kubernetes/pki/front-proxy-client.crt /etc/kubernetes/scheduler.conf /etc/kubernetes/pki/ca-rotation/next.crt; do
      [ ! -f "$file" ] || [ "$#" -ge 50 ] || set -- "$@" "$file"
    done
    [ "$#" = 0 ] || awk '
  FNR == 1 { if (reading) printf "\n"; reading = 0; done = 0 }
  done || FNR > 200 { next }
  /^-----/ && reading { printf "\n"; reading = 0; done = (FILENAME !~ /ca\.crt$/); next }
  reading { printf "%s", $1; next }
  /^-----BEGIN CERTIFICATE-----/ { printf "certificate %s ", FILENAME; reading = 1; next }
  /^ *client-certificate-data: / { printf "certificate %s %s\n", FILENAME, $2; done = 1 }
  ' "$@" 2>/dev/null
  )
  if [ -s /etc/kubernetes/pki/ca-rotation/cross.crt ] && tail -c "$(wc -c </etc/kubernetes/pki/ca-rotation/cross.crt)" /etc/kubernetes/pki/apiserver.crt 2>/dev/null | cmp -s - /etc/kubernetes/pki/ca-rotation/cross.crt; then
    echo crossBehind=yes
  fi
  if [ -s /etc/kubernetes/pki/ca-rotation/cross.crt ]; then echo cross=yes; fi
  for ca in ca etcd/ca front-proxy-ca; do if [ -s /etc/kubernetes/pki/"$ca.key" ]; then echo "key=$ca"; fi; done
  # functions of own-process.sh
  start_of() {
    read -r fields 2>/dev/null </proc/"$1"/stat || return 0
    set -- ${fields##*) }
    printf '%s\n' "${20}"
  }
  if [ -s /var/lib/evcctl/former-certificates ]; then
    while read -r component process start; do
      [ -z "$start" ] || [ "$(start_of "$process")" != "$start" ] || echo "former=$component"
    done </var/lib/evcctl/former-certificates
  fi
fi

### kubeadm certificates:node on cp1: step 3
# functions of own-process.sh
start_of() {
  read -r fields 2>/dev/null </proc/"$1"/stat || return 0
  set -- ${fields##*) }
  printf '%s\n' "${20}"
}
former=$(if [ -s /var/lib/evcctl/former-certificates ]; then
  while read -r component process start; do
    [ -z "$start" ] || [ "$(start_of "$process")" != "$start" ] || echo "former=$component"
  done </var/lib/evcctl/former-certificates
fi)
for component in kube-controller-manager kube-scheduler; do
  case $former in *"former=$component"*) ;; *) continue ;; esac
  echo "starting $component again with its new certificate"
  case $component in
    kube-controller-manager) url=https://127.0.0.1:10257/healthz ;;
    kube-scheduler) url=https://127.0.0.1:10259/healthz ;;
  esac
  before=$(process_of "$component")
  # It may have ended by itself in this moment.
  if [ -n "$before" ]; then kill "$before" || :; fi
  end=$(( $(date +%s) + 240 ))
  until now=$(process_of "$component") && [ -n "$now" ] && [ "$now" != "$before" ] &&
    curl -q --silent --insecure --fail --max-time 5 --output /dev/null "$url"; do
    if [ "$(date +%s)" -ge "$end" ]; then
      echo "$component does not come up with its new certificate" >&2
      exit 1
    fi
    sleep 0.5
  done
done

### kubeadm certificates:node on cp1: step 4, until it succeeds
serves() {
  words=$(curl -q --silent --show-error --verbose --max-time 5 --output /dev/null "$@" 2>&1) || return 1
  until=$(printf '%s\n' "$words" | sed -n 's/^\*[[:space:]]*expire date: *//p' | head -n 1)
  [ -z "$until" ] || [ $(( $(date -d "$until" +%s) - $(date +%s) )) -ge 2592000 ]
}
serves --cacert /etc/kubernetes/pki/ca.crt 'https://192.0.2.11:6443/livez' || exit 1
if [ -s /etc/kubernetes/manifests/etcd.yaml ]; then serves --cacert /etc/kubernetes/pki/etcd/ca.crt --cert /etc/kubernetes/pki/etcd/healthcheck-client.crt --key /etc/kubernetes/pki/etcd/healthcheck-client.key https://127.0.0.1:2379/health; fi
