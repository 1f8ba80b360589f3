if [ -e /var/lib/evcctl/manifests/complete ]; then
  echo 'putting back the manifests from before a change that was cut off'
# functions of own-process.sh
# functions of takes-out.sh
etcd_data() {
  cat /proc/sys/kernel/random/boot_id 2>/dev/null || :
  sed -n -e 's/^ *- --data-dir=//p' -e 's/^ *- --wal-dir=//p' "$1" 2>/dev/null | while read -r folder; do
    find "$folder" -type f -exec stat -c '%n %i %s %y %z' {} + 2>/dev/null || :
  done | sort
}
etcd_untouched() {
  [ -e /var/lib/evcctl/manifests/etcd.former ] && [ "$(sed -n 2p /var/lib/evcctl/manifests/etcd.data)" ] && [ "$(etcd_data /var/lib/evcctl/manifests/etcd.former)" = "$(cat /var/lib/evcctl/manifests/etcd.data)" ]
}
etcd_goes_back() {
  if ! etcd_untouched; then return 0; fi
  takes_out etcd
  if ! etcd_untouched; then return 0; fi
  mv -fT /var/lib/evcctl/manifests/etcd.former /var/lib/evcctl/manifests/etcd.yaml
  { sync -- /var/lib/evcctl/manifests 2>/dev/null || sync; }
}
etcd_stays() { [ -e /var/lib/evcctl/manifests/etcd.former ] && ! cmp -s /var/lib/evcctl/manifests/etcd.former /var/lib/evcctl/manifests/etcd.yaml; }
  etcd_goes_back
  if etcd_stays; then echo 'etcd stays with its new version: the former one may not be able to read what that has written'; fi
  for former in /var/lib/evcctl/manifests/*.yaml; do
    next=/etc/kubernetes/manifests/.${former##*/}.evcctl
    cp -p "$former" "$next"
    { sync -- "$next" 2>/dev/null || sync; }
    mv -fT "$next" /etc/kubernetes/manifests/"${former##*/}"
  done
  for component in kube-apiserver kube-controller-manager kube-scheduler; do
    if [ ! -e /var/lib/evcctl/manifests/"$component.yaml" ]; then rm -f /etc/kubernetes/manifests/"$component.yaml"; fi
  done
  # functions of api-gate.sh
  gate_api "$(sed -n 's/^ *- --secure-port=\([0-9]\{1,5\}\)$/\1/p' /var/lib/evcctl/manifests/kube-apiserver.yaml 2>/dev/null | grep . || echo 6443)"
  rm -f /var/lib/evcctl/manifests/complete
  { sync -- /var/lib/evcctl/manifests 2>/dev/null || sync; }
  rm -rf /var/lib/evcctl/manifests
fi
rm -rf /etc/kubernetes/evcctl-manifests
if [ -e /etc/kubernetes/pki/evcctl-apiserver/complete ]; then
  for file in apiserver.key apiserver.crt; do
    if [ -e /etc/kubernetes/pki/evcctl-apiserver/"$file" ]; then mv -f /etc/kubernetes/pki/evcctl-apiserver/"$file" /etc/kubernetes/pki/; fi
  done
fi
rm -rf /etc/kubernetes/pki/evcctl-apiserver
if [ -e /etc/kubernetes/evcctl-renewed/complete ]; then
  echo 'moving renewed certificates to their places'
  # functions of own-process.sh
  start_of() {
    read -r fields 2>/dev/null </proc/"$1"/stat || return 0
    set -- ${fields##*) }
    printf '%s\n' "${20}"
  }
  for component in kube-controller-manager kube-scheduler; do
    process=$(process_of "$component")
    if [ -n "$process" ]; then printf '%s %s %s\n' "$component" "$process" "$(start_of "$process")"; fi
  done >/var/lib/evcctl/former-certificates.new
  { sync -- /var/lib/evcctl/former-certificates.new 2>/dev/null || sync; }
  mv -fT /var/lib/evcctl/former-certificates.new /var/lib/evcctl/former-certificates
  { sync -- /var/lib/evcctl 2>/dev/null || sync; }
  for file in $(cd /etc/kubernetes/evcctl-renewed/new && find . -name '*.key' && find . -type f ! -name '*.key'); do
    mv -fT /etc/kubernetes/evcctl-renewed/new/"$file" /etc/kubernetes/"$file"
  done
  rm -rf /etc/kubernetes/evcctl-renewed
fi
rm -rf /etc/kubernetes/evcctl-renewed
if ! systemctl is-active --quiet kubelet; then
  echo 'starting the kubelet, which runs the static pods'
  systemctl start kubelet || :
fi
--- next step
end=$(( $(date +%s) + 300 ))
until /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=5s --server='https://192.0.2.11:6443' get --raw /readyz >/dev/null 2>&1; do
  if [ "$(date +%s)" -ge "$end" ]; then
    echo 'the API server of this node does not answer before its change'
    break
  fi
  sleep 1
done
--- next step
tries=0
until /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=30s apply --server-side --force-conflicts --field-manager=evcctl-begun -f - <<'EVCCTL_EOF'
{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"evcctl","namespace":"kube-system"},"data":{"begun":"{\"cluster\":{\"apiVersion\":\"kubeadm.k8s.io/v1beta4\",\"kind\":\"ClusterConfiguration\",\"clusterName\":\"edge\",\"kubernetesVersion\":\"v1.36.4\",\"controlPlaneEndpoint\":\"127.0.0.1:7443\",\"networking\":{\"podSubnet\":\"10.244.0.0/16\",\"serviceSubnet\":\"10.96.0.0/12\",\"dnsDomain\":\"cluster.local\"},\"apiServer\":{\"certSANs\":[\"cp1\",\"new\"],\"extraArgs\":[{\"name\":\"shutdown-watch-termination-grace-period\",\"value\":\"5s\"},{\"name\":\"v\",\"value\":\"2\"}]},\"controllerManager\":{\"extraArgs\":[{\"name\":\"node-cidr-mask-size\",\"value\":\"24\"}]}},\"kubelet\":{\"apiVersion\":\"kubelet.config.k8s.io/v1beta1\",\"kind\":\"KubeletConfiguration\",\"cgroupDriver\":\"systemd\",\"maxPods\":50},\"kubeProxy\":{\"apiVersion\":\"kubeproxy.config.k8s.io/v1alpha1\",\"kind\":\"KubeProxyConfiguration\",\"mode\":\"nftables\"}}"}}
EVCCTL_EOF
do
  tries=$(( tries + 1 ))
  if [ "$tries" -ge 10 ]; then exit 1; fi
  sleep 2
done
--- next step
tries=0
until /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=30s apply --server-side --force-conflicts --field-manager=evcctl-change -f - <<'EVCCTL_EOF'
{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"evcctl","namespace":"kube-system"},"data":{"changing":"kube-proxy"}}
EVCCTL_EOF
do
  tries=$(( tries + 1 ))
  if [ "$tries" -ge 10 ]; then exit 1; fi
  sleep 2
done
tries=0
until kubeadm init phase addon kube-proxy --config '/etc/evcctl/kubeadm.yaml'; do
  tries=$(( tries + 1 ))
  if [ "$tries" -ge 10 ]; then exit 1; fi
  sleep 2
done
/usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=30s --namespace kube-system rollout restart daemonset kube-proxy
--- next step
again() {
  end=$(( $(date +%s) + 40 ))
  until "$@"; do
    if [ "$(date +%s)" -ge "$end" ]; then return 1; fi
    sleep 1
  done
}
client() { timeout 30 /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=10s --namespace kube-system "$@" </dev/null; }
note() { client annotate daemonset kube-proxy --overwrite --field-manager=evcctl "evcctl.dev/rolled-out=$1" >/dev/null; }
figures() { client get daemonset kube-proxy -o go-template='{{.metadata.generation}} {{or .status.observedGeneration 0}} {{or .status.desiredNumberScheduled 0}} {{or .status.updatedNumberScheduled 0}} {{or .status.numberAvailable 0}} {{.metadata.uid}}{{"\n"}}' 2>&1 | tail -n 1 | cut -c 1-600; }
lists() {
  client get nodes -o go-template='{{range .items}}node {{.metadata.name}} {{range .status.conditions}}{{if eq .type "Ready"}}{{.status}} {{.lastTransitionTime}}{{end}}{{end}}{{"\n"}}{{end}}' &&
    client get pods --selector "$selector" -o go-template='{{range .items}}pod {{.metadata.name}} {{or .spec.nodeName "-"}} {{with .metadata.labels}}{{or (index . "controller-revision-hash") "-"}}{{end}} {{if .metadata.deletionTimestamp}}leaves{{else}}stays{{end}} {{.metadata.creationTimestamp}} {{range .status.conditions}}{{if eq .type "Ready"}}{{.status}}{{end}}{{end}}{{"\n"}}{{end}}' &&
    client get controllerrevisions --selector "$selector" -o go-template='{{range .items}}{{$revision := .}}{{range .metadata.ownerReferences}}revision {{.uid}} {{$revision.revision}} {{with $revision}}{{with .metadata.labels}}{{or (index . "controller-revision-hash") "-"}}{{end}}{{end}}{{"\n"}}{{end}}{{end}}' &&
    echo all
}
# What is to be done, which nodes are off, and which of those went off with what is new: a line each.
look() { lists 2>/dev/null | head -n 100000 | awk -v uid="$1" -v desired="$2" 'function sound(name) { return length(name) < 254 && name ~ /^[a-z0-9][a-z0-9.-]*$/ }
function moment(text,  part) {
  split(text, part, /[^0-9]/)
  return ((((part[1] * 12 + part[2]) * 31 + part[3]) * 24 + part[4]) * 60 + part[5]) * 60 + part[6]
}
$1 == "node" && sound($2) {
  if ($3 == "True") { up[$2] = 1; next }
  off[$2] = moment($4)
  lost++
  names = names " " $2
  next
}
$1 == "pod" && sound($2) && ($3 == "-" || sound($3)) && sound($4) { pods[++count] = $0; next }
$1 == "revision" && sound($4) {
  if ($2 == uid && $3 + 0 > highest) { highest = $3 + 0; newest = $4 }
  next
}
$1 == "all" { all = 1; next }
{ unsound = 1 }
END {
  for (i = 1; i <= count; i++) {
    split(pods[i], pod, " ")
    since = off[pod[3]] - moment(pod[6])
    if (pod[3] in up) {
      present++
      if (pod[5] == "leaves") waits = 1
      else if (pod[4] != newest) former = pod[2]
      else if (pod[7] == "True") good++
      else waits = 1
    }
    else if (pod[3] == "-") waits = 1
    else if (pod[4] == newest && pod[5] == "stays" && pod[7] != "True" && since >= 0 && since < 300) suspects = suspects " " pod[3]
  }
  complete = present + lost >= desired && !waits
  if (!all || unsound || newest == "") print "wait"
  else if (complete && good + 0 == present + 0) print "ended"
  else if (complete && lost && suspects == "") print "replace " former
  else print "wait"
  print names
  print suspects
}'; }
seen= shape= updated=-1 available=-1 verdict= off= suspects= selector=
since=$(date +%s) moved=$since looked=0 pause=0 begun=$since
while :; do
  answer=$(figures) now=$(date +%s)
  if printf '%s\n' "$answer" | grep -Eqx '([0-9]{1,15} ){5}[0-9a-f-]{1,64}'; then
    set -- $answer
    echo "$4 of $3 nodes have what is new"
    if [ "$2" -ge "$1" ] && [ "$4" -ge "$3" ] && [ "$5" -ge "$3" ]; then again note "$1"; exit 0; fi
    if [ "$answer" != "$seen" ]; then seen=$answer moved=$now verdict=; fi
    if [ "$1 $2 $3" != "$shape" ]; then shape="$1 $2 $3" updated=-1 available=-1; fi
    # A pod that crashes again and again comes and goes: that is no progress.
    if [ "$4" -gt "$updated" ]; then updated=$4 since=$now; fi
    if [ "$5" -gt "$available" ]; then available=$5 since=$now; fi
    if [ -z "$selector" ]; then selector=$(client get daemonset kube-proxy -o go-template='{{range $key, $value := .spec.selector.matchLabels}}{{$key}}={{$value}},{{end}}' 2>/dev/null) || selector=; fi
    selector=${selector%,}
    if [ "$2" -ge "$1" ] && [ -n "$selector" ] && [ $(( now - moved )) -ge 10 ] && [ $(( now - looked )) -ge "$pause" ]; then
      before=$verdict found=$(look "$6" "$3" || :)
      # In a large cluster the lists are long: they are not to take more than a fifth of the time.
      looked=$(date +%s)
      pause=$(( 5 + 4 * (looked - now) ))
      verdict=$(printf '%s\n' "$found" | sed -n 1p)
      off=$(printf '%s\n' "$found" | sed -n 2p) suspects=$(printf '%s\n' "$found" | sed -n 3p)
      # It has to be the same twice, since what crashes may run at the moment.
      if [ "$verdict" = "$before" ]; then
        case $verdict in
          ended)
            if [ -n "$off" ]; then echo "ended but for nodes that are off:$off" | cut -c 1-600; fi
            again note "$1"
            exit 0 ;;
          'replace '*)
            client delete pod "${verdict#replace }" --ignore-not-found --wait=false >/dev/null || :
            moved=$now verdict= ;;
        esac
      fi
    fi
  else
    verdict=
  fi
  if [ $(( now - since )) -ge 300 ] || [ $(( now - begun )) -ge 7200 ]; then break; fi
  sleep 2
done
if [ -n "$seen" ] && [ "$answer" = "$seen" ]; then
  echo "$4 of $3 nodes have what is new; on $5 of them a pod works, new or not." >&2
else
  printf '%s\n' "${answer:-The API server does not answer.}" >&2
fi
if [ -n "$off" ]; then echo "Nodes that are off:$off" | cut -c 1-600 >&2; fi
if [ -n "$suspects" ]; then echo "Soon after it had got what is new, this stopped, so evcctl gave it to no other:$suspects" | cut -c 1-600 >&2; fi
if [ -n "$selector" ]; then
  /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=10s --namespace kube-system get pods --selector "$selector" -o go-template='{{range .items}}{{$pod := printf "%s on %s" .metadata.name (or .spec.nodeName "no node")}}{{range .status.conditions}}{{if and (eq .type "PodScheduled") (eq .status "False")}}{{$pod}}: {{.message}}{{"\n"}}{{end}}{{end}}{{range $container := .status.initContainerStatuses}}{{with .state.waiting}}{{if ne .reason "PodInitializing"}}{{$pod}}: {{$container.name}}: {{.reason}}{{with .message}}: {{.}}{{end}}{{with $container.lastState.terminated}}{{if eq .reason "StartError"}}: {{.message}}{{else}}, exit code {{.exitCode}}{{end}}{{end}}{{"\n"}}{{end}}{{end}}{{with .state.terminated}}{{if ne .reason "Completed"}}{{$pod}}: {{$container.name}}: {{.reason}}, exit code {{.exitCode}}{{"\n"}}{{end}}{{end}}{{if .state.running}}{{$pod}}: {{.name}} has not ended{{"\n"}}{{end}}{{end}}{{range $container := .status.containerStatuses}}{{with .state.waiting}}{{if ne .reason "PodInitializing"}}{{$pod}}: {{$container.name}}: {{.reason}}{{with .message}}: {{.}}{{end}}{{with $container.lastState.terminated}}{{if eq .reason "StartError"}}: {{.message}}{{else}}, exit code {{.exitCode}}{{end}}{{end}}{{"\n"}}{{end}}{{end}}{{with .state.terminated}}{{if ne .reason "Completed"}}{{$pod}}: {{$container.name}}: {{.reason}}, exit code {{.exitCode}}{{"\n"}}{{end}}{{end}}{{if and .state.running (not .ready)}}{{$pod}}: {{.name}} runs, but is not ready{{"\n"}}{{end}}{{end}}{{end}}' 2>/dev/null | cut -c 1-600 | head -n 8 >&2 || :
fi
exit 1
--- next step
tries=0
until /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=30s --namespace kube-system patch configmap evcctl --type=merge --patch '{"data":{"changing":null}}'; do
  tries=$(( tries + 1 ))
  if [ "$tries" -ge 10 ]; then exit 1; fi
  sleep 2
done
--- next step
tries=0
until kubeadm init phase upload-config kubelet --config '/etc/evcctl/kubeadm.yaml'; do
  tries=$(( tries + 1 ))
  if [ "$tries" -ge 10 ]; then exit 1; fi
  sleep 2
done
--- next step
rm -rf /etc/kubernetes/pki/evcctl-apiserver
mkdir -m 0700 /etc/kubernetes/pki/evcctl-apiserver
ln -s ../ca.crt ../ca.key /etc/kubernetes/pki/evcctl-apiserver/
( umask 077
  sed -e '/^certificatesDir:/d' -e 's|^kind: ClusterConfiguration$|&\
certificatesDir: /etc/kubernetes/pki/evcctl-apiserver|' '/etc/evcctl/kubeadm.yaml' >/etc/kubernetes/pki/evcctl-apiserver/kubeadm.yaml )
if ! kubeadm init phase certs apiserver --config /etc/kubernetes/pki/evcctl-apiserver/kubeadm.yaml; then
  rm -rf /etc/kubernetes/pki/evcctl-apiserver
  exit 1
fi
if [ -s /etc/kubernetes/pki/ca-rotation/cross.crt ] && [ -s /etc/kubernetes/pki/evcctl-apiserver/apiserver.crt ] && [ "$(grep -c '^-----BEGIN CERTIFICATE-----' /etc/kubernetes/pki/evcctl-apiserver/apiserver.crt)" = 1 ] &&
  openssl verify -no_check_time -CAfile /etc/kubernetes/pki/ca-rotation/next.crt /etc/kubernetes/pki/evcctl-apiserver/apiserver.crt >/dev/null 2>&1; then
  cat /etc/kubernetes/pki/ca-rotation/cross.crt >>/etc/kubernetes/pki/evcctl-apiserver/apiserver.crt
fi
sync
: >/etc/kubernetes/pki/evcctl-apiserver/complete
{ sync -- /etc/kubernetes/pki/evcctl-apiserver/complete /etc/kubernetes/pki/evcctl-apiserver 2>/dev/null || sync; }
mv -f /etc/kubernetes/pki/evcctl-apiserver/apiserver.key /etc/kubernetes/pki/evcctl-apiserver/apiserver.crt /etc/kubernetes/pki/
rm -rf /etc/kubernetes/pki/evcctl-apiserver
--- next step
end=$(( $(date +%s) + 300 ))
until /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=5s --server='https://192.0.2.11:6443' get --raw /readyz >/dev/null 2>&1; do
  if [ "$(date +%s)" -ge "$end" ]; then
    echo 'the API server of this node does not answer before its change'
    break
  fi
  sleep 1
done
--- next step
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
cannot_start() {
  folder=$(ls -td /var/log/pods/kube-system_"$1"-* 2>/dev/null | grep -E '_[0-9a-f]{32}$' | head -n 1)
  [ -n "$folder" ] && [ "$folder" -nt "$2" ] || return 1
  case $(date +%s) in *[05])
    failures=$(journalctl -u kubelet --since="@$(stat -c %Y "$2")" -o cat --no-pager --quiet 2>/dev/null |
      grep -E '^(E[0-9]{4} [^]"]*] |\{"ts":[^"]*"caller":"[^"]*","msg":)"Error syncing pod, skipping"' | grep -E 'podUID"?[=:]"'"${folder##*_}"'"' |
      grep -cE "for ..$1.. with (RunContainerError|CreateContainerError|CreateContainerConfigError|InvalidImageName|ErrImageNeverPull)" || :)
    if [ "${failures:-0}" -ge 2 ]; then return 0; fi ;;
  esac
  log=$(ls -t "$folder/$1"/[1-9]*.log 2>/dev/null | head -n 1)
  [ -n "$log" ] || return 1
  case $1:${log##*/} in
  kube-apiserver:[12].log | etcd:[12].log) ;;
  kube-apiserver:* | etcd:*) return 0 ;;
  esac
  { head -n 20 "$log"; case $1 in kube-controller-manager | kube-scheduler) tail -n 2 "$log" ;; esac; } | grep -qE '^([^ ]+ std[a-z]+ [FP] |\{"log":")(Error: |E[0-9]{4} [^]"]*] \\?"command failed\\?" err=|\{\\?"level.*\\?"failed to verify flags).*(unknown (shorthand )?flag|invalid argument|flag needs an argument|bad flag syntax|unrecognized feature gate)'
}
meant() { /usr/local/bin/kubectl annotate --local -f "$1" evcctl.dev/none- -o json 2>/dev/null || cat "$1" 2>/dev/null || :; }
manifests=/etc/kubernetes/manifests
backup=/var/lib/evcctl/manifests
rm -f /var/lib/evcctl/manifests/complete
{ sync -- /var/lib/evcctl/manifests 2>/dev/null || sync; }
rm -rf /var/lib/evcctl/manifests
mkdir -p -m 0700 "$backup"
components='kube-apiserver kube-controller-manager kube-scheduler'
# functions of own-process.sh
# functions of takes-out.sh
for component in $components; do
  if [ -e "$manifests/$component.yaml" ]; then cp -p "$manifests/$component.yaml" "$backup/"; fi
  process_of "$component" >"$backup/$component.process" || :
done
# The mark may not outlive a power cut that the copies do not outlive.
sync
: >/var/lib/evcctl/manifests/complete
{ sync -- /var/lib/evcctl/manifests/complete /var/lib/evcctl/manifests 2>/dev/null || sync; }
# functions of api-gate.sh
healthy() {
  case $1 in
    kube-apiserver) /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=5s --server='https://192.0.2.11:6443' get --raw /readyz >/dev/null 2>&1;;
    kube-controller-manager) curl -q --silent --insecure --fail --max-time 5 --output /dev/null https://127.0.0.1:10257/healthz;;
    kube-scheduler) curl -q --silent --insecure --fail --max-time 5 --output /dev/null https://127.0.0.1:10259/healthz;;
  esac
}
rm -rf /etc/kubernetes/evcctl-manifests
mkdir -m 0700 /etc/kubernetes/evcctl-manifests
for former in "$manifests"/*.yaml; do
  if [ -e "$former" ]; then cp -p "$former" /etc/kubernetes/evcctl-manifests/; fi
done
unshare -m sh -c 'mount --bind "$1" "$2" && shift 2 && exec "$@"' sh '/etc/kubernetes/evcctl-manifests' '/etc/kubernetes/manifests' kubeadm init phase control-plane all --config '/etc/evcctl/kubeadm.yaml'
{ find /etc/kubernetes/evcctl-manifests -xdev -exec sync -- {} + 2>/dev/null || sync; }
puts_in() {
  for component in "$@"; do
    if [ -s /etc/kubernetes/evcctl-manifests/"$component.yaml" ]; then mv -f /etc/kubernetes/evcctl-manifests/"$component.yaml" "$manifests/"; fi
  done
}
put_back() {
  for former in /var/lib/evcctl/manifests/*.yaml; do
    next=/etc/kubernetes/manifests/.${former##*/}.evcctl
    cp -p "$former" "$next"
    { sync -- "$next" 2>/dev/null || sync; }
    mv -fT "$next" /etc/kubernetes/manifests/"${former##*/}"
  done
  for component in kube-apiserver kube-controller-manager kube-scheduler; do
    if [ ! -e /var/lib/evcctl/manifests/"$component.yaml" ]; then rm -f /etc/kubernetes/manifests/"$component.yaml"; fi
  done
  # This script may be killed seconds after it is told to end, so the manifests come first.
  case " $changed " in *' kube-apiserver '*) gate_api "$(sed -n 's/^ *- --secure-port=\([0-9]\{1,5\}\)$/\1/p' "$backup/kube-apiserver.yaml" 2>/dev/null | grep . || echo 6443)" ;; esac
}
comes_up() {
  echo "waiting for $1 with its new arguments"
  end=$(( $(date +%s) + 240 ))
  until [ "$(process_of "$1")" != "$(cat "$backup/$1.process")" ] && healthy "$1"; do
    if [ "$(date +%s)" -ge "$end" ] || cannot_start "$1" /var/lib/evcctl/manifests/complete; then
      echo "$1 does not come up with its new arguments; the old ones were put back" >&2
      evidence
      put_back
      trap - EXIT
      rm -f /var/lib/evcctl/manifests/complete
      { sync -- /var/lib/evcctl/manifests 2>/dev/null || sync; }
      rm -rf /var/lib/evcctl/manifests
      echo 'waiting for the API server with its old arguments'
      end=$(( $(date +%s) + 90 ))
      until healthy kube-apiserver || [ "$(date +%s)" -ge "$end" ]; do sleep 0.5; done
      exit 1
    fi
    sleep 0.2
  done
}
changed=
for component in $components; do
  if [ "$(meant /etc/kubernetes/evcctl-manifests/"$component.yaml")" = "$(meant "$backup/$component.yaml")" ]; then puts_in "$component"; else changed="$changed $component"; fi
done
# No pod may be missing for longer than this script runs.
trap put_back EXIT
trap '' PIPE
trap 'exit 1' HUP INT TERM
takes_out $changed
case " $changed " in *' kube-apiserver '*) gate_api "$(sed -n 's/^ *- --secure-port=\([0-9]\{1,5\}\)$/\1/p' /etc/kubernetes/evcctl-manifests/kube-apiserver.yaml 2>/dev/null | grep . || echo 6443)" ;; esac
puts_in $changed
for component in $changed; do comes_up "$component"; done
trap - EXIT HUP INT TERM PIPE
rm -rf /etc/kubernetes/evcctl-manifests
rm -rf /var/lib/evcctl/static-pods.new
mkdir -m 0700 /var/lib/evcctl/static-pods.new
for component in kube-apiserver kube-controller-manager kube-scheduler; do
  if [ -e /etc/kubernetes/manifests/$component.yaml ]; then cp -p /etc/kubernetes/manifests/$component.yaml /var/lib/evcctl/static-pods.new/; fi
done
{ find /var/lib/evcctl/static-pods.new -xdev -exec sync -- {} + 2>/dev/null || sync; }
rm -rf /var/lib/evcctl/static-pods
mv -fT /var/lib/evcctl/static-pods.new /var/lib/evcctl/static-pods
--- next step
until: the API server is ready
/usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=5s --server='https://192.0.2.11:6443' get --raw /readyz >/dev/null 2>&1
--- next step
tries=0
until kubeadm init phase upload-config kubeadm --config '/etc/evcctl/kubeadm.yaml'; do
  tries=$(( tries + 1 ))
  if [ "$tries" -ge 10 ]; then exit 1; fi
  sleep 2
done
--- next step
tries=0
until /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=30s apply --server-side --force-conflicts --field-manager=evcctl -f - <<'EVCCTL_EOF'
{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"evcctl","namespace":"kube-system"},"data":{"documents":"{\"cluster\":{\"apiVersion\":\"kubeadm.k8s.io/v1beta4\",\"kind\":\"ClusterConfiguration\",\"clusterName\":\"edge\",\"kubernetesVersion\":\"v1.36.4\",\"controlPlaneEndpoint\":\"127.0.0.1:7443\",\"networking\":{\"podSubnet\":\"10.244.0.0/16\",\"serviceSubnet\":\"10.96.0.0/12\",\"dnsDomain\":\"cluster.local\"},\"apiServer\":{\"certSANs\":[\"cp1\",\"new\"],\"extraArgs\":[{\"name\":\"shutdown-watch-termination-grace-period\",\"value\":\"5s\"},{\"name\":\"v\",\"value\":\"2\"}]},\"controllerManager\":{\"extraArgs\":[{\"name\":\"node-cidr-mask-size\",\"value\":\"24\"}]}},\"kubelet\":{\"apiVersion\":\"kubelet.config.k8s.io/v1beta1\",\"kind\":\"KubeletConfiguration\",\"cgroupDriver\":\"systemd\",\"maxPods\":50},\"kubeProxy\":{\"apiVersion\":\"kubeproxy.config.k8s.io/v1alpha1\",\"kind\":\"KubeProxyConfiguration\",\"mode\":\"nftables\"}}"}}
EVCCTL_EOF
do
  tries=$(( tries + 1 ))
  if [ "$tries" -ge 10 ]; then exit 1; fi
  sleep 2
done
tries=0
until /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=30s --namespace kube-system patch configmap evcctl --type=merge --patch '{"data":{"begun":null}}'; do
  tries=$(( tries + 1 ))
  if [ "$tries" -ge 10 ]; then exit 1; fi
  sleep 2
done
--- next step
{"write":"/var/lib/evcctl/kubeadm-configuration.json","content":"{\"cluster\":{\"apiVersion\":\"kubeadm.k8s.io/v1beta4\",\"kind\":\"ClusterConfiguration\",\"clusterName\":\"edge\",\"kubernetesVersion\":\"v1.36.4\",\"controlPlaneEndpoint\":\"127.0.0.1:7443\",\"networking\":{\"podSubnet\":\"10.244.0.0/16\",\"serviceSubnet\":\"10.96.0.0/12\",\"dnsDomain\":\"cluster.local\"},\"apiServer\":{\"certSANs\":[\"cp1\",\"new\"],\"extraArgs\":[{\"name\":\"shutdown-watch-termination-grace-period\",\"value\":\"5s\"},{\"name\":\"v\",\"value\":\"2\"}]},\"controllerManager\":{\"extraArgs\":[{\"name\":\"node-cidr-mask-size\",\"value\":\"24\"}]}},\"kubelet\":{\"apiVersion\":\"kubelet.config.k8s.io/v1beta1\",\"kind\":\"KubeletConfiguration\",\"cgroupDriver\":\"systemd\",\"maxPods\":50},\"kubeProxy\":{\"apiVersion\":\"kubeproxy.config.k8s.io/v1alpha1\",\"kind\":\"KubeProxyConfiguration\",\"mode\":\"nftables\"}}\n","mode":384}
--- next step
rm -f /var/lib/evcctl/manifests/complete
{ sync -- /var/lib/evcctl/manifests 2>/dev/null || sync; }
rm -rf /var/lib/evcctl/manifests